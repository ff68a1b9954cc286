using System.Net;
using Gatehouse.FunctionalTests.Exchanges;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.Runtime;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.FunctionalTests.Reload;

public sealed class ReloadTests
{
    private const int Flips = 100;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("CFG-2")]
    public async Task A_hundred_flips_of_two_linked_rules_lose_no_request_and_show_no_mixture()
    {
        // the route's name, the header it sets and its destination change together: an exchange has to see all of one revision
        await using var odd = (await FakeUpstream.StartAsync()).On("/things/1", 200, "odd");
        await using var even = (await FakeUpstream.StartAsync()).On("/things/1", 200, "even");
        var declarations = new[] { new SmallDeclaration(even.Address) { Route = "even" }, new SmallDeclaration(odd.Address) { Route = "odd" } };
        await using var gateway = await TestGateway.StartAsync(declarations[1]);
        using var flipped = new CancellationTokenSource();
        var clients = Enumerable.Range(0, 4).Select(_ => CallUntilAsync(gateway.Client("edge"), flipped.Token)).ToArray();
        for (var revision = 2; revision <= Flips + 1; revision++)
            Assert.Equal(ActivationOutcome.Activated, (await gateway.ReloadAsync(declarations[revision % 2], Cancel)).Outcome);
        await flipped.CancelAsync();
        var calls = (await Task.WhenAll(clients)).Sum();

        Assert.True(calls >= Flips, $"only {calls} calls were made");
        Assert.Equal(Flips + 1, gateway.Running.Activation.Current.Revision);
        foreach (var record in gateway.AccessLog.Records)
        {
            var side = (int)record["revision"]! % 2 == 1 ? ("things/odd", odd) : ("things/even", even);
            Assert.Equal((200, side.Item1, $"http://127.0.0.1:{side.Item2.Port}"),
                ((int)record["status"]!, (string?)record["route"], (string?)record["destination"]));
        }
    }

    [Fact]
    public async Task What_began_before_two_reloads_of_its_upstream_is_still_sent()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.On("/things/1", http => http.Response.WriteAsync("done"), readsBody: true);
        var declaration = new SmallDeclaration(upstream.Address) { MoreRoutes = RoutesForTests.Of(RoutesForTests.Write) };
        await using var gateway = await TestGateway.StartAsync(declaration);
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await client.SendAsync("POST /things/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhe");
        await Eventually.HoldsAsync(
            async () => (await gateway.Administration.GetStringAsync("/metrics", Cancel)).Split('\n')
                .Any(l => l.StartsWith("gatehouse_exchanges_underway{", StringComparison.Ordinal) && l.EndsWith(" 1", StringComparison.Ordinal)),
            Cancel);
        for (var seconds = 3; seconds < 6; seconds++)
        {
            var text = declaration with { MoreOfUpstream = $", timeouts: {{ connect: {seconds}s }}" };
            Assert.Equal(ActivationOutcome.Activated, (await gateway.ReloadAsync(text, Cancel)).Outcome);
        }

        await client.SendAsync("llo");
        var response = await client.ReadResponseAsync();
        Assert.Equal((200, "done"), (response.Status, response.Text));
    }

    [Fact]
    [Control("CFG-1")]
    [Control("AVL-3", "a new declaration")]
    public async Task A_wrong_declaration_is_refused_with_its_findings_and_the_old_one_serves()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var declaration = new SmallDeclaration(upstream.Address);
        await using var gateway = await TestGateway.StartAsync(declaration);
        var result = await gateway.ReloadAsync(declaration.ToString().Replace("effect: read", "efect: read", StringComparison.Ordinal), Cancel);
        Assert.Equal(ActivationOutcome.Refused, result.Outcome);
        Assert.Contains("did you mean 'effect'?", gateway.Events, StringComparison.Ordinal);
        Assert.Contains("reload refused; revision 1 stays in force", gateway.Events, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await gateway.Client("edge").GetAsync("/things/1", Cancel)).StatusCode);
        Assert.Matches(
            """gatehouse_reloads_total\{[^}]*outcome="refused"[^}]*\} 1""", await gateway.Administration.GetStringAsync("/metrics", Cancel));
    }

    [Fact]
    [Control("CFG-1")]
    public async Task No_bad_edit_is_felt_by_those_who_call()
    {
        await using var upstream = (await FakeUpstream.StartAsync()).On("/things/1", 200, "get-thing");
        var declaration = new SmallDeclaration(upstream.Address);
        await using var gateway = await TestGateway.StartAsync(declaration);
        var good = declaration.ToString();
        (string Text, string Found)[] bad =
        [
            (good[..^20], "gatehouse.yaml:"), // cut off while it was copied
            (good.Replace("effect: read", "effect: red", StringComparison.Ordinal), "gatehouse.yaml:19:17 error GH2006"),
            (good.Replace("upstream: things", "upstream: thing", StringComparison.Ordinal), "gatehouse.yaml:14:15 error GH2008"),
            (good.Replace("access: { anonymous: \"a test\" }", "", StringComparison.Ordinal), "error GH1001"),
            (good + "\nkeys: { pepper: \"file:not-there\" }\n", "error GH2010"),
        ];
        using var edited = new CancellationTokenSource();
        var clients = Enumerable.Range(0, 4).Select(_ => CallUntilAsync(gateway.Client("edge"), edited.Token)).ToArray();
        foreach (var (text, found) in bad)
        {
            var result = await gateway.ReloadAsync(text, Cancel);
            Assert.Equal(ActivationOutcome.Refused, result.Outcome);
            Assert.Contains(result.Findings, f => f.ToString().Contains(found, StringComparison.Ordinal));
        }

        await edited.CancelAsync();
        Assert.True((await Task.WhenAll(clients)).Sum() > 0);
        Assert.Equal(1, gateway.Running.Activation.Current.Revision);
    }

    [Fact]
    public async Task The_same_wrong_bytes_are_tried_once_and_mended_ones_are_taken()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var declaration = new SmallDeclaration(upstream.Address);
        await using var gateway = await TestGateway.StartAsync(declaration);
        await gateway.ReloadAsync("nonsense", Cancel);
        Assert.Equal(ActivationOutcome.Unchanged, (await gateway.Running.ReloadAsync(Cancel)).Outcome);
        Assert.Equal(ActivationOutcome.Unchanged, (await gateway.ReloadAsync(declaration + "\n# the same, with a remark\n", Cancel)).Outcome);
        Assert.Equal(ActivationOutcome.Activated, (await gateway.ReloadAsync(declaration with { Route = "other" }, Cancel)).Outcome);
        Assert.Equal(2, gateway.Running.Activation.Current.Revision);
    }

    public static TheoryData<string, string> OtherSockets => new()
    {
        { """address: "127.0.0.1:1", serves: [public]""", "the listener 'edge' moves from 127.0.0.1:0 to 127.0.0.1:1" },
        { """address: "127.0.0.1:0", serves: [public], intake: { head: 5s }""", "the listener 'edge' takes requests of another size or slowness" },
        { """address: "127.0.0.1:0", serves: [public], protocols: [http2]""", "the listener 'edge' speaks other protocols" },
        { """address: "127.0.0.1:0", serves: [public] }""" + "\n  more: { "
            + """address: "127.0.0.1:0", serves: [public]""", "the listener 'more' is new" },
    };

    [Theory]
    [MemberData(nameof(OtherSockets))]
    public async Task What_needs_other_sockets_is_refused_whole(string listener, string why)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var declaration = new SmallDeclaration(upstream.Address);
        await using var gateway = await TestGateway.StartAsync(declaration);
        var result = await gateway.ReloadAsync(declaration with { Listener = listener, Route = "changed-too" }, Cancel);
        Assert.Equal(ActivationOutcome.NeedsRestart, result.Outcome);
        Assert.Contains(result.Findings, f => f.Message.Contains(why, StringComparison.Ordinal));
        await gateway.Client("edge").GetAsync("/things/1", Cancel);
        Assert.Equal("things/get-thing", (string?)(await gateway.AccessLog.WaitForAsync(_ => true, Cancel))["route"]);
    }

    [Fact]
    public async Task A_link_that_leads_to_another_file_is_a_change()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var declaration = new SmallDeclaration(upstream.Address);
        await using var gateway = await TestGateway.StartAsync(declaration);
        var file = Path.Combine(gateway.Folder, "gatehouse.yaml");
        foreach (var (folder, text) in new[] { ("one", declaration), ("two", declaration with { Route = "other" }) })
        {
            Directory.CreateDirectory(Path.Combine(gateway.Folder, folder));
            await File.WriteAllTextAsync(Path.Combine(gateway.Folder, folder, "gatehouse.yaml"), text, Cancel);
        }

        // the way a mounted ConfigMap changes: the file is a link through a link, and only the inner one moves
        var data = Path.Combine(gateway.Folder, "..data");
        Directory.CreateSymbolicLink(data, "one");
        File.Delete(file);
        File.CreateSymbolicLink(file, Path.Combine("..data", "gatehouse.yaml"));
        Assert.Equal(ActivationOutcome.Unchanged, (await gateway.Running.ReloadAsync(Cancel)).Outcome);
        Directory.Delete(data);
        Directory.CreateSymbolicLink(data, "two");
        Assert.Equal(ActivationOutcome.Activated, (await gateway.Running.ReloadAsync(Cancel)).Outcome);
    }

    [Fact]
    public async Task A_file_that_vanishes_changes_nothing_but_the_findings()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address));
        File.Delete(Path.Combine(gateway.Folder, "gatehouse.yaml"));
        Assert.Equal(ActivationOutcome.Refused, (await gateway.Running.ReloadAsync(Cancel)).Outcome);
        Assert.Equal(HttpStatusCode.OK, (await gateway.Client("edge").GetAsync("/things/1", Cancel)).StatusCode);
    }

    private static async Task<int> CallUntilAsync(HttpClient client, CancellationToken stop)
    {
        var calls = 0;
        for (; !stop.IsCancellationRequested; calls++)
        {
            var response = await client.GetAsync("/things/1", Cancel);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(Assert.Single(response.Headers.GetValues("X-Route")), await response.Content.ReadAsStringAsync(Cancel));
        }

        return calls;
    }
}

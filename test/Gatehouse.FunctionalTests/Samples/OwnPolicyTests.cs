using System.Net;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.Runtime;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;
using OwnPolicy;
using Retailer.Backends;

namespace Gatehouse.FunctionalTests.Samples;

/// <summary>A host of one's own with a policy of one's own: what it promises holds for the commands, the calls and the refusals.</summary>
public sealed class OwnPolicyTests : IDisposable
{
    private const string Host = "OwnPolicy";

    // its own endpoints are nobody's business here
    private static readonly (string, string)[] Anywhere = [("ASPNETCORE_URLS", "http://127.0.0.1:0")];

    private readonly TestFolder _folder = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Its_check_and_its_schema_know_the_policy_and_the_plain_executable_refuses_it()
    {
        var check = await RunAsync(SampleCalls.Folder("own-policy"), "check", "--output", "json");
        var schema = await RunAsync(_folder.Path, "schema");
        var plain = await GatehouseProcess.RunAsync(SampleCalls.Folder("own-policy"), Cancelled, "check");

        Assert.Equal((0, "[]"), (check.ExitCode, check.Output.Trim()));
        Assert.Contains("\"opening-hours\"", schema.Output, StringComparison.Ordinal);
        Assert.Contains("The first hour that is open.", schema.Output, StringComparison.Ordinal);
        Assert.Equal(1, plain.ExitCode);
        Assert.Contains("unknown key 'policies'", plain.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ opens: 9, closes: 9 }", "it closes before it opens")]
    [InlineData("{ opens: 9 }", "needs 'closes'")]
    [InlineData("{ opens: 9, closes: 25 }", "a whole number from 1 to 24")]
    [InlineData("{ opens: 9, closes: 17, lunch: 12 }", "unknown key 'lunch' in the policy opening-hours")]
    public async Task Settings_are_checked_like_every_other_key(string settings, string says)
    {
        _folder.Write("gatehouse.yaml", (await DeclarationAsync()).Replace("{ opens: 0, closes: 24 }", settings, StringComparison.Ordinal));

        var check = await RunAsync(_folder.Path, "check");

        Assert.Equal(1, check.ExitCode);
        Assert.Contains(says, check.Output, StringComparison.Ordinal);
        Assert.Contains("gatehouse.yaml:", check.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_calls_are_answered_as_they_say()
    {
        await using var stock = await RetailerService.StartStockAsync("stock", Cancelled);
        var (edge, administration) = (Declarations.FreePort(), Declarations.FreePort());
        _folder.Write("gatehouse.yaml", (await DeclarationAsync())
            .Replace(":8080", $":{edge}", StringComparison.Ordinal)
            .Replace(":9900", $":{administration}", StringComparison.Ordinal)
            .Replace("http://127.0.0.1:5101", stock.Address.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal));
        await using var host = GatehouseProcess.StartHost(Host, Anywhere, _folder.Path);
        await host.LineAsync("is in force", Cancelled);

        await SampleCalls.ReplayAsync(SampleCalls.Folder("own-policy"), edge, Cancelled);

        await host.SignalAsync("TERM", Cancelled);
        Assert.Equal(0, (await host.FinishAsync(Cancelled)).ExitCode);
    }

    [Fact]
    public async Task What_it_refuses_is_a_problem_of_its_own()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 17, 59, 30, TimeSpan.Zero));
        var declaration = new SmallDeclaration(upstream.Address) { MoreOfRoute = "policies: { opening-hours: { opens: 8, closes: 18 } }" };
        await using var gateway = await TestGateway.StartAsync(declaration, clock: clock, kinds: PolicyCatalog.AfterRouteWith([new OpeningHours()]));
        var client = gateway.Client("edge");

        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/things/1", Cancelled)).StatusCode);
        clock.Advance(TimeSpan.FromSeconds(30));
        using var closed = await client.GetAsync("/things/1", Cancelled);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, closed.StatusCode);
        Assert.Contains(
            "\"type\":\"urn:gatehouse:problem:custom/closed\"",
            await closed.Content.ReadAsStringAsync(Cancelled),
            StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromHours(14), closed.Headers.RetryAfter?.Delta);
        Assert.Single(upstream.Requests);
        var record = await gateway.AccessLog.WaitForAsync(r => (int)r["status"]! == 503, Cancelled);
        Assert.Equal(
            ("custom/closed", "opening-hours", "outside the opening hours"),
            ((string?)record["problem"], (string?)record["decidedBy"], (string?)record["reason"]));
        Assert.Matches(
            "gatehouse_refusals_total\\{[^}]*problem=\"custom/closed\"[^}]*\\} 1",
            await gateway.Administration.GetStringAsync("/metrics", Cancelled));
    }

    private static Task<string> DeclarationAsync() =>
        File.ReadAllTextAsync(Path.Combine(SampleCalls.Folder("own-policy"), "gatehouse.yaml"), Cancelled);

    private static async Task<GatehouseProcess.Finished> RunAsync(string folder, params string[] arguments)
    {
        await using var host = GatehouseProcess.StartHost(Host, Anywhere, folder, arguments);
        return await host.FinishAsync(Cancelled);
    }
}

using System.Globalization;
using System.Net;
using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.Runtime;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.FunctionalTests.Policies;

/// <summary>API keys through a gateway on real sockets.</summary>
public sealed class KeysTests
{
    private static readonly Secret Pepper = new("file:pepper", Encoding.ASCII.GetBytes("a pepper of at least thirty-two bytes"));
    private static readonly TimeSpan RevocationBound = TimeSpan.FromSeconds(5);

    private readonly FakeTimeProvider _clock = new(TimeProvider.System.GetUtcNow());
    private readonly NewApiKey _key = ApiKeyText.Create();
    private readonly NewApiKey _next = ApiKeyText.Create();
    private readonly NewApiKey _revoked = ApiKeyText.Create();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("KEY-3")]
    [Control("ERR-4", "keys")]
    public async Task Nobody_can_tell_one_bad_key_from_another()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, Entry(_key, 1), Entry(_revoked, 9, revokedIn: 0));
        var answers = new HashSet<string>();
        foreach (var key in (string[])["nonsense", ApiKeyText.Create().Key, TestKeys.WithOtherSecret(_key), _revoked.Key])
            answers.Add(await AnswerAsync(gateway, key));
        _clock.Advance(TimeSpan.FromDays(1));
        answers.Add(await AnswerAsync(gateway, _key.Key)); // expired by now
        Assert.StartsWith("HTTP/1.1 401 ", Assert.Single(answers), StringComparison.Ordinal);
        Assert.Empty(upstream.Requests);
        Assert.Equal(5, (await gateway.AccessLog.RecordsAsync(5, Cancel)).Select(r => (string?)r["reason"]).Distinct().Count()); // the operator can
    }

    [Fact]
    [Control("KEY-5")]
    public async Task Two_keys_overlap_and_each_line_says_which()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, Entry(_key, 1), Entry(_next, 9));
        Assert.Equal((200, 200), (await CallAsync(gateway, _key.Key), await CallAsync(gateway, _next.Key)));
        _clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal((401, 200), (await CallAsync(gateway, _key.Key), await CallAsync(gateway, _next.Key)));
        var records = await gateway.AccessLog.RecordsAsync(4, Cancel);
        Assert.Equal([_key.Id, _next.Id, null, _next.Id], records.Select(r => (string?)r["credentialId"]));
    }

    [Fact]
    [Control("KEY-6", "by the declaration, at each instance that reads it")]
    public async Task A_key_that_is_revoked_is_refused_within_seconds_and_after_a_restart()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var revoked = Declaration(upstream, Entry(_key, 9, revokedIn: 0), Entry(_next, 9));
        await using (var gateway = await StartAsync(upstream, Entry(_key, 9), Entry(_next, 9)))
        {
            await using var open = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
            Assert.Equal((200, 200), (await CallAsync(open, _key.Key), await CallAsync(open, _next.Key)));
            await File.WriteAllTextAsync(Path.Combine(gateway.Folder, "gatehouse.yaml"), revoked, Cancel); // nobody tells the gateway
            _clock.Advance(RevocationBound);
            await Eventually.HoldsAsync(async () => await CallAsync(open, _key.Key) == 401, Cancel);
            Assert.Equal(200, await CallAsync(open, _next.Key));
        }

        await using var restarted = await TestGateway.StartAsync(revoked, Files, _clock);
        Assert.Equal((401, 200), (await CallAsync(restarted, _key.Key), await CallAsync(restarted, _next.Key)));
    }

    [Fact]
    [Control("KEY-7")]
    public async Task A_key_in_the_wrong_place_opens_nothing_and_is_in_no_log()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, Entry(_key, 9));
        (string Target, string Fields, string Body, int Status)[] places =
        [
            ($"/orders/1?api_key={_key.Key}", "", "", 400), ($"/orders/1?x={_key.Key}", "", "", 400), ($"/orders/{_key.Key}", "", "", 400),
            ("/orders/1", $"Cookie: a=b; key={_key.Key}\r\n", "", 400), ("/orders/1", $"Authorization: Bearer {_key.Key}\r\n", "", 400),
            ("/orders/1", $"Authorization: Basic {Convert.ToBase64String(Encoding.ASCII.GetBytes(_key.Key))}\r\n", "", 401),
            ("/orders/1", "", $$"""{"api_key":"{{_key.Key}}"}""", 401), ("/orders/1", $"X-Other-Key: {_key.Key}\r\n", "", 401),
            ($"/nowhere/{_key.Key}", "", "", 404),
        ];
        foreach (var (target, fields, body, status) in places)
        {
            var answer = await RawHttpClient.ExchangeAsync(gateway.AddressOf("edge").Port,
                string.Create(CultureInfo.InvariantCulture,
                    $"GET {target} HTTP/1.1\r\nHost: localhost\r\n{fields}Content-Length: {body.Length}\r\n\r\n{body}"));
            Assert.True(status == answer.Status, $"{answer.Status} for {target} {fields}");
        }

        Assert.Equal(200, await CallAsync(gateway, _key.Key));
        Assert.Single(upstream.Requests);
        await gateway.AccessLog.RecordsAsync(places.Length + 1, Cancel);
        var said = string.Join('\n', gateway.AccessLog.Lines) + gateway.Events + await gateway.Administration.GetStringAsync("/metrics", Cancel);
        Assert.DoesNotContain(_key.Key[13..45], said, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Files => new() { ["pepper"] = Encoding.ASCII.GetString(Pepper.Bytes) };

    private static async Task<string> AnswerAsync(TestGateway gateway, string key)
    {
        var answer = await RawHttpClient.ExchangeAsync(gateway.AddressOf("edge").Port, Request(key));
        var fields = answer.Headers.Where(h => h.Name != "Date").Select(h => $"{h.Name}: {h.Value}");
        return string.Join('\n', [answer.StatusLine, .. fields, answer.Text]).Replace(answer.Header("X-Request-Id")!, "ID", StringComparison.Ordinal);
    }

    private static async Task<int> CallAsync(TestGateway gateway, string key) =>
        (await RawHttpClient.ExchangeAsync(gateway.AddressOf("edge").Port, Request(key))).Status;

    private static async Task<int> CallAsync(RawHttpClient client, string key)
    {
        await client.SendAsync(Request(key));
        return (await client.ReadResponseAsync()).Status;
    }

    private static string Request(string key) => $"GET /orders/1 HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {key}\r\n\r\n";

    /// <summary>An entry of <c>authenticate</c>, with days from now on.</summary>
    private string Entry(NewApiKey key, int expiresIn, int? revokedIn = null)
    {
        var revoked = revokedIn is { } days ? $", revoked: {Day(days)}" : "";
        return $"{{ apiKey: {{ id: {key.Id}, hash: \"{ApiKeyHash.Write(Pepper, key)}\", expires: {Day(expiresIn)}{revoked} }} }}";
    }

    private string Day(int fromNow) => _clock.GetUtcNow().AddDays(fromNow).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private async Task<TestGateway> StartAsync(FakeUpstream upstream, params string[] entries) =>
        await TestGateway.StartAsync(Declaration(upstream, entries), Files, _clock, watchEvery: TimeSpan.FromSeconds(1));

    private static string Declaration(FakeUpstream upstream, params string[] entries) => new OrdersDeclaration(upstream)
    {
        Who =
            $$"""
            keys: { pepper: "file:pepper" }
            consumers:
              stock-sync:
                kind: service
                owner: o@retailer.example
                grants: [orders.read]
                authenticate: [ {{string.Join(", ", entries)}} ]
            """,
        Access = "consumers: [stock-sync], scopes: [orders.read]",
    };
}

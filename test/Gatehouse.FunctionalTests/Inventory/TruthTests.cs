using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gatehouse.Cli;
using Gatehouse.Cli.Commands;
using Gatehouse.Hosting;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Inventory;

/// <summary>What <c>gatehouse inventory</c> lists, and what it does not list, against the gateway that serves the same declaration.</summary>
public sealed partial class TruthTests : IAsyncLifetime
{
    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "TRACE"];
    private static readonly string[] Doors = ["edge", "inside", "partners", "back"];
    private readonly Shop _shop = new();
    private readonly Dictionary<string, FakeUpstream> _upstreams = [];
    private readonly Dictionary<string, HttpClient> _clients = [];
    private readonly HashSet<int> _seen = [];
    private TestGateway _gateway = null!;
    private List<Listed> _listing = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _upstreams["orders"] = await FakeUpstream.StartAsync();
        _upstreams["stock"] = await FakeUpstream.StartAsync();
        var declaration = _shop.Declaration(_upstreams["orders"].Address, _upstreams["stock"].Address);
        _gateway = await TestGateway.StartAsync(declaration, new Dictionary<string, string> { ["pepper"] = Shop.Pepper });
        _listing = await ListAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        foreach (var upstream in _upstreams.Values) await upstream.DisposeAsync();
    }

    [Fact]
    [Control("EXP-4")]
    [Control("ERR-4", "a route of another listener")]
    public async Task Every_listed_path_answers_as_listed_on_every_listener_to_every_caller()
    {
        Assert.Equal(11, _listing.Count);
        foreach (var door in Doors)
            foreach (var path in _listing.Select(l => l.Sample).Append("/orders/recent").Append("/orders/zz9.json").Distinct())
                foreach (var method in Methods)
                    foreach (var caller in _shop.Keys.Keys.Append(null))
                        await ProbeAsync(door, method, path, caller);
        Assert.Equal([200, 401, 403, 404, 405, 410], _seen.Order());
    }

    [Fact]
    [Control("EXP-1")]
    [Control("EXP-4")]
    public async Task What_is_not_listed_is_not_there()
    {
        var random = new Random(20261124);
        var listed = _listing.Select(l => l.Sample).Distinct().ToList();
        var near = listed
            .SelectMany(p => (string[])[p + "/", p + "/x", p.ToUpperInvariant(), "/x" + p, p + "x", p[..p.LastIndexOf('/')] + "/zz8"])
            .Where(p => p.Length > 0);
        var far = Enumerable.Range(0, 100).Select(_ => "/" + string.Join('/', Enumerable.Range(0, random.Next(1, 4)).Select(_ => Word(random))));
        foreach (var path in near.Concat(far))
            foreach (var door in Doors)
                await ProbeAsync(door, random.GetItems(Methods, 1)[0], path, random.GetItems([null, .. _shop.Keys.Keys], 1)[0]);
    }

    [Fact]
    [Control("EXP-5")]
    [Control("ERR-4", "routes")]
    public async Task What_another_listener_serves_is_exactly_like_what_is_nowhere()
    {
        foreach (var hidden in _listing.Where(l => !l.Listeners.Contains("edge")))
        {
            // The path is the edge's too, by another method
            if (_listing.Any(l => l.Listeners.Contains("edge") && l.Matches(hidden.Sample))) continue;
            var (there, nowhere) = (
                await AskAsync("edge", hidden.Method, hidden.Sample, "operator"),
                await AskAsync("edge", hidden.Method, "/nowhere/at-all", "operator"));
            Assert.Equal(await DescribeAsync(nowhere), await DescribeAsync(there));
        }

        static async Task<string> DescribeAsync(HttpResponseMessage answer) =>
            RequestId().Replace($"{(int)answer.StatusCode} {string.Join(' ', answer.Headers.Concat(answer.Content.Headers).Select(h => $"{h.Key}={string.Join(',', h.Value)}").Order(StringComparer.Ordinal))} {await answer.Content.ReadAsStringAsync(Cancel)}", "");
    }

    [Theory]
    [InlineData(new[] { "--exposure", "public" }, "public")]
    [InlineData(new[] { "--exposure", "internal,administrative" }, "internal administrative")]
    [InlineData(new[] { "--exposure", "partner", "--exposure", "administrative" }, "partner administrative")]
    public async Task A_filter_leaves_exactly_what_it_names(string[] filter, string exposures)
    {
        var filtered = await ListAsync(filter);
        Assert.Equal(_listing.Where(l => exposures.Split(' ').Contains(l.Exposure)).Select(l => l.Path), filtered.Select(l => l.Path));
        Assert.NotEmpty(filtered);
    }

    private async Task ProbeAsync(string door, string method, string path, string? caller)
    {
        var claims = _listing.Where(l => l.Listeners.Contains(door) && l.Matches(path)).ToList();
        var claim = claims.Where(l => l.Method == method).MaxBy(l => l.Strength, StringComparer.Ordinal);
        var before = _upstreams.ToDictionary(u => u.Key, u => u.Value.Requests.Count);
        using var answer = await AskAsync(door, method, path, caller);
        var what = $"{door} {method} {path} by {caller ?? "nobody"}";
        var expected = claim?.StatusFor(caller) ?? (claims.Count > 0 ? 405 : 404);
        _seen.Add((int)answer.StatusCode);
        Assert.True(
            expected == (int)answer.StatusCode,
            string.Create(CultureInfo.InvariantCulture, $"{what}: listed as {expected}, answered {(int)answer.StatusCode}"));
        foreach (var (name, upstream) in _upstreams)
            Assert.True(
                before[name] + (expected == 200 && claim!.Upstream == name ? 1 : 0) == upstream.Requests.Count,
                $"{what}: {name} has heard of it, or has not");
        if (expected == 405)
            Assert.Equal(
                claims.Select(l => l.Method).Distinct().Order(StringComparer.Ordinal),
                answer.Content.Headers.Allow.Order(StringComparer.Ordinal));
        if (claim is not null) Assert.Equal(claim.Lifecycle != "current", answer.Headers.Contains("Deprecation"));
    }

    private async Task<HttpResponseMessage> AskAsync(string door, string method, string path, string? caller)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (caller is not null) request.Headers.Add("X-Api-Key", _shop.Keys[caller].Key);
        return await Client(door).SendAsync(request, Cancel);
    }

    private HttpClient Client(string door) => _clients.TryGetValue(door, out var client) ? client : _clients[door] = _gateway.Client(door);

    private async Task<List<Listed>> ListAsync(params string[] filter)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var exit = await new CommandLine([InventoryCommand.Create(new GatewayOptions { DeclarationPath = "gatehouse.yaml" })])
            .RunAsync(["inventory", "-c", Path.Combine(_gateway.Folder, "gatehouse.yaml"), "--output", "json", .. filter], output, error);
        Assert.True(exit == 0, error.ToString());
        using var json = JsonDocument.Parse(output.ToString());
        return [.. json.RootElement.EnumerateArray().Select(r => new Listed(r.Clone()))];
    }

    private static string Word(Random random) => random.GetItems(
        ["orders", "stock", "v1", "v0", "documents", "rebuild", "recent", "a", "b.txt", "livez", "metrics", ".txt"],
        1)[0];

    [GeneratedRegex("[A-Za-z-]*requestId\"?:\"[^\"]*\"|X-Request-Id=\\S+|Date=[^A-Z]*[^=]*GMT", RegexOptions.IgnoreCase)]
    private static partial Regex RequestId();
}

using System.Net;
using System.Text.Json;
using Gatehouse.TestKit;
using Retailer.Backends;

namespace Gatehouse.FunctionalTests.Cli;

/// <summary>The built executable, serving.</summary>
public sealed class ServingTests : IAsyncLifetime
{
    private readonly TestFolder _folder = new();
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });
    private readonly int _edge = Declarations.FreePort();
    private readonly int _administration = Declarations.FreePort();
    private RetailerService _stock = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _stock = await RetailerService.StartStockAsync("stock", CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _stock.DisposeAsync();
        _client.Dispose();
        _folder.Dispose();
    }

    [Fact]
    [Control("KEY-2")]
    public async Task A_key_made_by_the_commands_opens_its_route_and_no_other_key_does()
    {
        Assert.Equal(0, (await GatehouseProcess.RunAsync(_folder.Path, Cancelled, "key", "init", "test.pepper")).ExitCode);
        _folder.Write("gatehouse.yaml", "keys: { pepper: 'file:test.pepper' }\nconsumers: { stock-sync: {} }");
        var create = await GatehouseProcess.RunAsync(_folder.Path, Cancelled, "key", "create", "--consumer", "stock-sync", "--output", "json");
        using var created = JsonDocument.Parse(create.Output);
        var (key, credential) = (created.RootElement.GetProperty("key").GetString()!, created.RootElement.GetProperty("credential").GetRawText());
        _folder.Write("gatehouse.yaml", Declarations.StockByKey(_edge, _administration, Address(), credential));

        await using var gatehouse = await ServeAsync();

        Assert.Equal(HttpStatusCode.OK, await GetAsync(key));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(null));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(Consumers.ApiKeyText.Create().Key));
        var list = await GatehouseProcess.RunAsync(_folder.Path, Cancelled, "key", "list");
        Assert.Contains("live", list.Output, StringComparison.Ordinal);
        await gatehouse.SignalAsync("TERM", Cancelled);
        await gatehouse.FinishAsync(Cancelled);
        foreach (var file in Directory.GetFiles(_folder.Path))
            Assert.DoesNotContain(key, await File.ReadAllTextAsync(file, Cancelled), StringComparison.Ordinal);
        Assert.DoesNotContain(key, list.Output + gatehouse.Output + gatehouse.Error, StringComparison.Ordinal);
        Assert.Equal(3, (await File.ReadAllLinesAsync(_folder.Of("access.log"), Cancelled)).Length);
    }

    [Fact]
    [Control("SEC-2", "what the system shows of a process, and what the commands print")]
    public async Task A_secret_is_in_nothing_that_a_process_shows()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux shows a process as files");
        await GatehouseProcess.RunAsync(_folder.Path, Cancelled, "key", "init", "test.pepper");
        var pepper = (await File.ReadAllTextAsync(_folder.Of("test.pepper"), Cancelled)).Trim();
        Assert.True(pepper.Length >= 32);
        const string credential = """{ id: k7f3abcd, hash: "hmac-sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", expires: 2099-01-01 }""";
        _folder.Write("gatehouse.yaml", Declarations.StockByKey(_edge, _administration, Address(), credential));
        await using var gatehouse = await ServeAsync();
        var said = gatehouse.ShownByTheSystem();
        Assert.Contains("run", said, StringComparison.Ordinal);
        foreach (var command in (string[])["check", "inventory --output json --columns all", "key list", "check --output sarif"])
        {
            var run = await GatehouseProcess.RunAsync(_folder.Path, Cancelled, command.Split(' '));
            Assert.Equal(0, run.ExitCode);
            said += run.Output + run.Error;
        }

        Assert.DoesNotContain(pepper, said + gatehouse.Output + gatehouse.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task A_signal_ends_it_with_0(string signal)
    {
        _folder.Write("gatehouse.yaml", Declarations.Stock(_edge, _administration, Address()));
        await using var gatehouse = await ServeAsync();
        Assert.Equal(HttpStatusCode.OK, await GetAsync(null));

        await gatehouse.SignalAsync(signal, Cancelled);

        Assert.Equal(0, (await gatehouse.FinishAsync(Cancelled)).ExitCode);
    }

    [Fact]
    public async Task An_environment_moves_it_and_the_inventory_says_so()
    {
        _folder.Write("gatehouse.yaml", Declarations.Stock(1, 2, "http://127.0.0.1:3"));
        Directory.CreateDirectory(_folder.Of("environments"));
        _folder.Write("environments/test.yaml",
            $$"""
            listeners: { edge: { address: "127.0.0.1:{{_edge}}" } }
            administration: { address: "127.0.0.1:{{_administration}}" }
            upstreams: { stock: { destinations: ["{{Address()}}"] } }
            """);
        Assert.Equal(0, (await GatehouseProcess.RunAsync(_folder.Path, Cancelled, "check", "--environment", "test")).ExitCode);
        await using var gatehouse = await ServeAsync("--environment", "test");
        Assert.Equal(HttpStatusCode.OK, await GetAsync(null));
        var inventory = await GatehouseProcess.RunAsync(
            _folder.Path,
            Cancelled,
            "inventory",
            "--environment",
            "test",
            "--columns",
            "route,destinations",
            "--output",
            "csv");
        Assert.Equal($"route,destinations\nstock/get-stock,{Address()}\n", inventory.Output);
    }

    private string Address() => _stock.Address.GetLeftPart(UriPartial.Authority);

    private async Task<GatehouseProcess> ServeAsync(params string[] arguments)
    {
        var gatehouse = GatehouseProcess.Start(_folder.Path, ["run", .. arguments]);
        await gatehouse.LineAsync("is in force", Cancelled);
        return gatehouse;
    }

    private async Task<HttpStatusCode> GetAsync(string? key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{_edge}/stock/tea-green");
        if (key is not null) request.Headers.Add("X-Api-Key", key);
        using var response = await _client.SendAsync(request, Cancelled);
        return response.StatusCode;
    }
}

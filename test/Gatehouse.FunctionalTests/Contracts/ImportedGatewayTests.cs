using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Contracts;

/// <summary>From a document to a serving gateway: import, decide, serve.</summary>
public sealed partial class ImportedGatewayTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("twilio_studio_v2.json")]
    [InlineData("twilio_lookups_v2.json")]
    [InlineData("twilio_messaging_v1.json")]
    [Control("EXP-11")]
    public async Task Every_operation_of_a_real_document_is_routed_to_the_backend(string name)
    {
        await using var backend = await FakeUpstream.StartAsync();
        await using var gateway = await ImportAsync(name, backend);
        using var document = JsonDocument.Parse(await File.ReadAllTextAsync(_folder.Of(name), Cancel));
        var operations = (from path in document.RootElement.GetProperty("paths").EnumerateObject()
                          from method in path.Value.EnumerateObject()
                          where method.Name is "get" or "post" or "put" or "delete" or "patch"
                          select (Method: method.Name.ToUpperInvariant(), Path: path.Name)).ToList();

        Assert.NotEmpty(operations);
        for (var i = 0; i < operations.Count; i++)
        {
            var target = Name().Replace(operations[i].Path, string.Create(CultureInfo.InvariantCulture, $"AC{i}"));
            await CallAsync(gateway, backend, operations[i].Method, target);
        }

        Assert.Equal(operations.Count, backend.Requests.Count);
        var records = await gateway.AccessLog.RecordsAsync(operations.Count, Cancel);
        Assert.Equal(operations.Count, records.Select(r => (string?)r["route"]).Distinct().Count());
    }

    [Theory]
    [InlineData(
        "returns-3.1.yaml",
        "GET /returns",
        "POST /returns",
        "GET /returns/7",
        "DELETE /returns/7",
        "GET /returns/7/label.pdf",
        "GET /returns/7/items/8",
        "GET /r%C3%BCckgabe%20gr%C3%BCnde/9",
        "GET /shared")]
    [InlineData(
        "warehouse-3.2.json",
        "QUERY /v1/stock",
        "COPY /v1/stock",
        "POST /v1/stock/tea:reserve",
        "GET /v1/stock/tea",
        "HEAD /v1/stock/tea",
        "OPTIONS /v1/stock/tea",
        "PUT /v1/stock/tea",
        "GET /")]
    [Control("EXP-11")]
    public async Task What_a_document_names_is_served_and_nothing_else(string name, params string[] calls)
    {
        await using var backend = await FakeUpstream.StartAsync();
        await using var gateway = await ImportAsync(name, backend);

        foreach (var call in calls) await CallAsync(gateway, backend, call.Split(' ')[0], call.Split(' ')[1]);

        foreach (var left in new[] { "/areas/1,2", "/search", "/elsewhere", "/files/a/b", "/returnArrived" })
            Assert.Equal(HttpStatusCode.NotFound, (await gateway.Client("main").GetAsync(left, Cancel)).StatusCode);
        Assert.Equal(calls.Length, backend.Requests.Count);
    }

    [Fact]
    public async Task A_contract_that_changes_is_loaded_and_a_broken_one_is_not()
    {
        await using var backend = await FakeUpstream.StartAsync();
        const string contract = """
            openapi: 3.1.0
            info: { title: Stock, version: "1" }
            paths: { "/old/{id}": { get: { operationId: getStock, responses: { "200": { description: ok } } } } }
            """;
        var declaration = $$"""
            gatehouse: v1
            gateway: { name: test, owner: tests@example.test, environment: test }
            listeners: { main: { address: "127.0.0.1:0", serves: [public] } }
            administration: { address: "127.0.0.1:0" }
            drain: { announce: 0s, finish: 10s }
            upstreams: { stock: { destinations: ["{{backend.Address.GetLeftPart(UriPartial.Authority)}}"] } }
            apis:
              stock:
                owner: stock@example.test
                purpose: A test
                upstream: stock
                contract: stock.yaml
                each: { exposure: public, personalData: none, access: { anonymous: A test }, limits: [ { per: all, allow: 1000, every: 1s } ] }
                routes: { get-stock: { operation: getStock, effect: read } }
            """;
        await using var gateway = await TestGateway.StartAsync(declaration, new Dictionary<string, string> { ["stock.yaml"] = contract });
        await CallAsync(gateway, backend, "GET", "/old/1");

        await File.WriteAllTextAsync(
            Path.Combine(gateway.Folder, "stock.yaml"),
            contract.Replace("/old/", "/new/", StringComparison.Ordinal),
            Cancel);
        await gateway.Running.ReloadAsync(Cancel);
        await CallAsync(gateway, backend, "GET", "/new/1");
        Assert.Equal(HttpStatusCode.NotFound, (await gateway.Client("main").GetAsync("/old/1", Cancel)).StatusCode);

        await File.WriteAllTextAsync(Path.Combine(gateway.Folder, "stock.yaml"), "openapi: 3.1.0\npaths: []\n", Cancel);
        await gateway.Running.ReloadAsync(Cancel);
        Assert.Contains("stock.yaml:2:8 error GH2012", gateway.Events, StringComparison.Ordinal);
        await CallAsync(gateway, backend, "GET", "/new/1");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_library_is_loaded_by_the_first_contract_and_not_before(bool contract)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc says what a process has loaded");
        _folder.Write("stock.json", """{ "openapi": "3.0.3", "info": { "title": "Stock", "version": "1" }, "paths": { } }""");
        var declaration = Declarations.Stock(Declarations.FreePort(), Declarations.FreePort(), "http://127.0.0.1:1");
        _folder.Write("gatehouse.yaml",
            contract
                ? declaration.Replace("upstream: stock\n", "upstream: stock\n    contract: stock.json\n", StringComparison.Ordinal)
                : declaration);
        await using var gatehouse = GatehouseProcess.Start(_folder.Path, "run");
        await gatehouse.LineAsync("is in force", Cancel);

        Assert.True(gatehouse.HasLoaded("YamlDotNet.dll"));
        Assert.Equal(contract, gatehouse.HasLoaded("Microsoft.OpenApi.dll"));
    }

    private async Task<TestGateway> ImportAsync(string name, FakeUpstream backend)
    {
        var text = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "corpora", "openapi", name), Cancel);
        _folder.Write(name, text);
        var import = await GatehouseProcess.RunAsync(_folder.Path, Cancel, "import", "openapi", name);
        Assert.Equal(0, import.ExitCode);
        return await TestGateway.StartAsync(DecidedDraft.Of(import.Output, backend.Address), new Dictionary<string, string> { [name] = text });
    }

    private static async Task CallAsync(TestGateway gateway, FakeUpstream backend, string method, string target)
    {
        var client = gateway.Client("main");
        var uri = new Uri(
            client.BaseAddress!.GetLeftPart(UriPartial.Authority) + target,
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var request = new HttpRequestMessage(new HttpMethod(method), uri);
        if (method is not ("GET" or "HEAD" or "OPTIONS")) request.Content = new StringContent("{}");
        using var response = await client.SendAsync(request, Cancel);
        Assert.True(response.IsSuccessStatusCode, $"{method} {target}: {response.StatusCode}");
        var received = await backend.NextAsync(Cancel);
        Assert.Equal((method, target), (received.Method, received.Target));
    }

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Name();
}

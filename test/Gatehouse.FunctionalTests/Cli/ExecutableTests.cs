using System.Text.Json;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Cli;

/// <summary>The built executable, as scripts see it: exit codes, output and files.</summary>
public sealed class ExecutableTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Check_of_a_sound_declaration_exits_with_0()
    {
        _folder.Write("gatehouse.yaml", Declarations.Stock(edge: 8080, administration: 9900, destination: "http://127.0.0.1:5101"));

        var check = await GatehouseProcess.RunAsync(_folder.Path, Cancelled, "check");

        Assert.Equal("gatehouse.yaml can be served: 1 route on 1 listener.\n", check.Output);
        Assert.Equal(0, check.ExitCode);
    }

    [Theory]
    [InlineData("table")]
    [InlineData("json")]
    [InlineData("csv")]
    [InlineData("markdown")]
    [InlineData("sarif")]
    public async Task Check_of_a_wrong_declaration_exits_with_1_and_says_where(string form)
    {
        _folder.Write("gatehouse.yaml", Declarations.Stock(8080, 9900, "http://127.0.0.1:5101")
            .Replace("upstream: stock", "upstream: stok", StringComparison.Ordinal));

        var check = await GatehouseProcess.RunAsync(_folder.Path, Cancelled, "check", "--output", form);

        Assert.Equal(1, check.ExitCode);
        Assert.Contains("GH2008", check.Output, StringComparison.Ordinal);
        Assert.Contains("stok", check.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[", check.Output, StringComparison.Ordinal); // colour is for terminals
        if (form is "json" or "sarif") JsonDocument.Parse(check.Output).Dispose();
    }

    [Theory]
    [InlineData("check", "--environment", "../production")]
    [InlineData("run", "--environment", "../production")]
    [InlineData("serve")]
    [InlineData]
    public async Task Wrong_use_exits_with_2(params string[] arguments) =>
        Assert.Equal(2, (await GatehouseProcess.RunAsync(_folder.Path, Cancelled, arguments)).ExitCode);

    [Fact]
    public async Task Schema_is_json_schema_that_offers_only_what_is_enforced()
    {
        var schema = await GatehouseProcess.RunAsync(_folder.Path, Cancelled, "schema");

        Assert.Equal(0, schema.ExitCode);
        using var json = JsonDocument.Parse(schema.Output);
        Assert.Equal("https://json-schema.org/draft/2020-12/schema", json.RootElement.GetProperty("$schema").GetString());
        var keys = json.RootElement.GetProperty("$defs").GetProperty("a-declaration").GetProperty("properties").EnumerateObject().Select(p => p.Name)
            .ToList();
        Assert.Contains("apis", keys);
        Assert.DoesNotContain("assistants", keys);
    }

    [Fact]
    [Control("CFG-3")]
    public async Task Run_without_a_valid_declaration_exits_with_1_and_listens_nowhere()
    {
        var port = Declarations.FreePort();
        _folder.Write("gatehouse.yaml", Declarations.Stock(port, Declarations.FreePort(), "http://127.0.0.1:5101")
            .Replace("effect: read", "", StringComparison.Ordinal));

        await using var gatehouse = GatehouseProcess.Start(_folder.Path, "run");
        var finished = await gatehouse.FinishAsync(Cancelled);

        Assert.Equal(1, finished.ExitCode);
        Assert.Contains("GH1010", finished.Output + finished.Error, StringComparison.Ordinal);
        using var free = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, port);
        free.Start();
    }
}

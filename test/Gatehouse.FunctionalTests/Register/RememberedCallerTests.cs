using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.Register;
using Gatehouse.Runtime;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Register;

/// <summary>What is remembered of a caller does not outlive a suspension: a verified token, a connection that stays, a reload.</summary>
public sealed class RememberedCallerTests : IDisposable
{
    private readonly TestIssuer _issuer = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _issuer.Dispose();

    [Fact]
    public async Task A_suspended_consumer_is_refused_on_a_connection_that_stays_with_a_token_that_was_verified()
    {
        await using var backend = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(backend);
        await using var book = new RegisterBook(Settings(gateway));
        await using var connection = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        var token = Token();
        for (var i = 0; i < 3; i++) Assert.Equal(200, await CallAsync(connection, token));

        await SuspendAsync(book, SuspendedKind.Consumer, "web-shop");
        await Eventually.HoldsAsync(async () => await CallAsync(connection, token) == 403, Cancel);
        var changed = Declaration(backend).Replace("allow: 100000", "allow: 99999", StringComparison.Ordinal);
        Assert.Equal(ActivationOutcome.Activated, (await gateway.ReloadAsync(changed, Cancel)).Outcome);
        Assert.Equal(403, await CallAsync(connection, token));
        var moved = changed.Replace("maxAge: 1h", "maxAge: 2h", StringComparison.Ordinal); // another register, which begins with what was kept
        Assert.Equal(ActivationOutcome.Activated, (await gateway.ReloadAsync(moved, Cancel)).Outcome);
        Assert.Equal(403, await CallAsync(connection, token));

        var resumed = new Ending(TimeProvider.System.GetUtcNow(), "anna", "a test");
        Assert.Null(await book.ChangeAsync(c => RegisterEdit.Resume(c, SuspendedKind.Consumer, "web-shop", resumed), Cancel));
        await Eventually.HoldsAsync(async () => await CallAsync(connection, token) == 200, Cancel);
        await SuspendAsync(book, SuspendedKind.Credential, (string)gateway.AccessLog.Records[0]["credentialId"]!); // as the log has it
        await Eventually.HoldsAsync(async () => await CallAsync(connection, token) == 401, Cancel);
        Assert.Equal(200, await CallAsync(connection, Token()));
    }

    private string Token() => _issuer.Token(
        TimeProvider.System.GetUtcNow(), new JsonObject { ["sub"] = "web-shop", ["client_id"] = "web-shop", ["scope"] = "things.read" });

    private static async Task SuspendAsync(RegisterBook book, SuspendedKind kind, string name)
    {
        var wanted = new Suspension(kind, name, TimeProvider.System.GetUtcNow(), null, "anna", "a test");
        Assert.Null(await book.ChangeAsync(c => RegisterEdit.Suspend(c, wanted), Cancel));
    }

    private static async Task<int> CallAsync(RawHttpClient connection, string token)
    {
        await connection.SendAsync($"GET /things/17 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n");
        return (await connection.ReadResponseAsync()).Status;
    }

    private Task<TestGateway> StartAsync(FakeUpstream backend) => TestGateway.StartAsync(
        Declaration(backend),
        new Dictionary<string, string> { ["keys.json"] = _issuer.Jwks(), ["pepper"] = Encoding.ASCII.GetString(RegisteredFront.Pepper.Bytes) });

    private static string Declaration(FakeUpstream backend) =>
        RegisteredFront.Yaml("sqlite", "sqlite: register.db", backend.Address)
            .Replace("consumers:\n", "consumers:\n  web-shop: { kind: application, owner: shop@retailer.example, authenticate: [ { token: { issuer: id, clientId: web-shop } } ] }\n", StringComparison.Ordinal)
            .Replace("consumers: [stock-sync, till]", "consumers: [stock-sync, till, web-shop]", StringComparison.Ordinal)
        + """
        issuers:
          id: { issuer: "https://id.retailer.example", audiences: [retailer-apis], algorithms: [ES256], keys: { file: keys.json } }

        """;

    private static RegisterSettings Settings(TestGateway gateway) =>
        new("front/test", Path.Combine(gateway.Folder, "kept"), TimeSpan.FromHours(1), RegisteredFront.Pepper)
        {
            Sqlite = Path.Combine(gateway.Folder, "register.db"),
        };
}

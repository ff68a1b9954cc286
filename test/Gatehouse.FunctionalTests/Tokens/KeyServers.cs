using System.Text.Json.Nodes;
using Gatehouse.TestKit;
using Gatehouse.Tokens;

namespace Gatehouse.FunctionalTests.Tokens;

/// <summary>An issuer whose keys come over real sockets, from servers of the test.</summary>
public abstract class KeyServers : IAsyncDisposable
{
    internal TokenHarness Harness { get; } = new();

    /// <summary>What is disposed of in the end.</summary>
    internal List<FakeUpstream> Servers { get; } = [];

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        foreach (var server in Servers) await server.DisposeAsync();
        Harness.Dispose();
        GC.SuppressFinalize(this);
    }

    internal async Task<FakeUpstream> ServerAsync(string host = "127.0.0.1")
    {
        var server = await FakeUpstream.StartAsync(host: host);
        Servers.Add(server);
        return server;
    }

    internal Issuer At(FakeUpstream server) =>
        Harness.Declared() with { Keys = new KeySource { Jwks = new Uri(server.Address, "/keys"), Hosts = [server.Address.Host] } };

    /// <summary>A token of an hour.</summary>
    internal string Long(TestKey key) => Harness.Token(new JsonObject { ["exp"] = Harness.Now.ToUnixTimeSeconds() + 3600 }, key: key);

    /// <summary>Lets time go on, little by little, where only the time limit ends what is asked about.</summary>
    /// <param name="passes">Whether it is such a case.</param>
    internal Task<bool> Passing(bool holds, bool passes = true)
    {
        if (passes && !holds) Harness.Clock.Advance(TimeSpan.FromMilliseconds(100));
        return Task.FromResult(holds);
    }
}

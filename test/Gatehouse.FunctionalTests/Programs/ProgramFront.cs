using System.Globalization;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.FunctionalTests.Exchanges;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Programs;

/// <summary>The executable with a listener for each version of HTTP, in front of a service of this process.</summary>
internal sealed class ProgramFront : IAsyncDisposable
{
    private readonly TestFolder _folder = new();

    private ProgramFront(FakeUpstream upstream) => Upstream = upstream;

    public FakeUpstream Upstream { get; }

    public GatehouseProcess Process { get; private set; } = null!;

    public int Http1 { get; } = Declarations.FreePort();

    public int Http2 { get; } = Declarations.FreePort();

    public int Administration { get; } = Declarations.FreePort();

    public string Folder => _folder.Path;

    /// <summary>Bytes that the process has in memory; Linux tells.</summary>
    public long Resident => long.Parse(
        File.ReadLines($"/proc/{Process.Id}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ')[^2],
        CultureInfo.InvariantCulture) << 10;

    /// <summary>The most that it ever had.</summary>
    public long MostResident => long.Parse(
        File.ReadLines($"/proc/{Process.Id}/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ')[^2],
        CultureInfo.InvariantCulture) << 10;

    /// <param name="intake">Of both listeners.</param>
    public static async Task<ProgramFront> StartAsync(CancellationToken cancel, string intake = "{ head: 30s }")
    {
        var front = new ProgramFront(await FakeUpstream.StartAsync());
        front._folder.Write("gatehouse.yaml", front.Declaration(intake));
        front.Process = GatehouseProcess.Start(front._folder.Path, "run");
        await front.Process.LineAsync("is in force", cancel);
        return front;
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        await Upstream.DisposeAsync();
        _folder.Dispose();
    }

    private string Declaration(string intake) =>
        $$"""
        gatehouse: v1
        gateway: { name: test, owner: platform@example.test, environment: test }
        listeners:
          one: { address: "127.0.0.1:{{Http1}}", serves: [public], intake: {{intake}} }
          two: { address: "127.0.0.1:{{Http2}}", serves: [public], protocols: [http2], intake: {{intake}} }
        administration: { address: "127.0.0.1:{{Administration}}" }
        drain: { announce: 0s, finish: 10s }
        log: { access: access.log }
        upstreams:
          things: { destinations: ["{{Upstream.Address.GetLeftPart(UriPartial.Authority)}}"] }
        apis:
          things:
            owner: things@example.test
            purpose: Things for tests
            upstream: things
            routes:
              get-thing:
                match: GET /things/{id}
                exposure: public
                effect: read
                personalData: none
                access: { anonymous: "a test" }
                limits: [ { per: all, allow: 1000000, every: 1s } ]
              put-large:
                match: POST /large/{id}
                exposure: public
                effect: read
                personalData: none
                body: { max: 4GiB }
                access: { anonymous: "a test" }
                limits: [ { per: all, allow: 1000000, every: 1s } ]
                waive: [ WAIVER-OF-SIZE ]
        """.Replace("waive: [ WAIVER-OF-SIZE ]", RoutesForTests.Of("waive: [ WAIVER-OF-SIZE ]"), StringComparison.Ordinal)
        + RoutesForTests.Of(RoutesForTests.SmallSearch, RoutesForTests.Write);
}

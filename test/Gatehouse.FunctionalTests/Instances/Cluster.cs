using System.Globalization;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.FunctionalTests.Exchanges;
using Gatehouse.FunctionalTests.Stores;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Instances;

/// <summary>
/// Several instances of the executable, as a site runs them: each its own process with its own folder, behind an HAProxy that passes bytes on and
/// asks <c>/readyz</c> who wants them; behind the gateways two destinations, processes too.
/// </summary>
internal sealed class Cluster : IAsyncDisposable
{
    public const int Size = 3;

    /// <summary>What <c>GET /few/{id}</c> allows in a second, to all callers and over all instances.</summary>
    public const int Few = 60;

    private readonly TestFolder _folder = new();
    private readonly TestIssuer _issuer = new();
    private readonly RedisServer? _store;
    private readonly SharedDatabase? _database;
    private GatehouseProcess _balancer = null!;

    private Cluster(RedisServer? store, SharedDatabase? database)
    {
        (_store, _database) = (store, database);
        Instances = [.. Enumerable.Range(0, Size).Select(i => new Instance(this, i))];
        Destinations = [.. Enumerable.Range(0, 2).Select(i => new Service($"d{i}"))];
    }

    /// <summary>Where clients of HTTP/1.1 come in.</summary>
    public int Http1 { get; } = Declarations.FreePort();

    /// <summary>Where clients of HTTP/2 come in.</summary>
    public int Http2 { get; } = Declarations.FreePort();

    public IReadOnlyList<Instance> Instances { get; }

    public IReadOnlyList<Service> Destinations { get; }

    /// <summary>What the answers say in <c>X-Revision</c>: a change of the declaration that is seen from outside.</summary>
    public string Revision { get; set; } = "first";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>A new token, good for <c>GET /owned/{id}</c> where there is a database.</summary>
    public string Token() => _issuer.Token(TimeProvider.System.GetUtcNow(), new JsonObject { ["sub"] = "web-shop", ["scope"] = "things.read" });

    /// <param name="store">Where the instances count together; null where each counts for itself.</param>
    /// <param name="database">Where they have a register and a trail; null where they have neither.</param>
    public static async Task<Cluster> StartAsync(RedisServer? store = null, SharedDatabase? database = null)
    {
        var cluster = new Cluster(store, database);
        try
        {
            foreach (var destination in cluster.Destinations) await destination.StartAsync();
            foreach (var instance in cluster.Instances) await instance.StartAsync();
            cluster._folder.Write("haproxy.cfg", cluster.BalancerConfiguration());
            cluster._balancer = GatehouseProcess.StartProgram("haproxy", [], cluster._folder.Path, "-db", "-f", "haproxy.cfg");
            await Eventually.HoldsAsync(() => ListensAsync(cluster.Http1), Cancel);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>What everybody said, for a test that failed.</summary>
    public string Said() => string.Join('\n', Instances.Select(i => $"--- {i.Name}\n{i.Said}")) + $"\n--- balancer\n{_balancer.Error}";

    /// <summary>What the access logs say of answers that are nobody's fault but the gateway's or a destination's, each kind once.</summary>
    public string Refusals() => string.Join("; ", Instances.SelectMany(i => File.ReadLines(Path.Combine(i.Folder, "access.log")))
        .Select(l => JsonNode.Parse(l)!).Where(r => (int?)r["status"] >= 500)
        .GroupBy(r => $"{r["status"]} {r["problem"]} {r["method"]} ({r["reason"]}, {r["failure"]}, attempts {r["attempts"] ?? 1})")
        .Select(g => $"{g.Count()} × {g.Key}"));

    public async ValueTask DisposeAsync()
    {
        if (_balancer is not null) await _balancer.DisposeAsync();
        foreach (var instance in Instances) await instance.DisposeAsync();
        foreach (var destination in Destinations) await destination.DisposeAsync();
        _issuer.Dispose();
        _folder.Dispose();
    }

    private static async Task<bool> ListensAsync(int port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync("127.0.0.1", port, Cancel);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private string Declaration(Instance instance)
    {
        var destinations = string.Join(", ", Destinations.Select(d => $"\"http://127.0.0.1:{d.Port}\""));
        return $$"""
            gatehouse: v1
            gateway: { name: test, owner: platform@example.test, environment: test }
            listeners:
              one: { address: "127.0.0.1:{{instance.Http1}}", serves: [public] }
              two: { address: "127.0.0.1:{{instance.Http2}}", serves: [public], protocols: [http2] }
            administration: { address: "127.0.0.1:{{instance.Administration}}" }
            health: { address: "127.0.0.1:{{instance.Health}}" }
            drain: { announce: 2s, finish: 20s }
            log: { access: access.log }
            {{Stores}}
            upstreams:
              things: { destinations: [{{destinations}}], timeouts: { connect: 1s, head: 20s }, retries: { attempts: 3 } }
            apis:
              things:
                owner: things@example.test
                purpose: Things for tests
                upstream: things
                each:
                  exposure: public
                  personalData: none
                  access: { anonymous: "a test" }
                  limits: [ { per: all, allow: 1000000, every: 1s } ]
                  response: { headers: { set: { X-Revision: {{Revision}} } } }
                routes:
                  get-thing: { match: "GET /things/{id}", effect: read }
                  get-few: { match: "GET /few/{id}", effect: read, limits: [ { name: few, per: all, allow: {{Few}}, every: 1s } ] }
                  change-thing:
                    match: POST /things/{id}
                    effect: action
                    consequence: a test fails
                    backendChecks: service
            """ + RoutesForTests.Of("\n        waive: [ WAIVER-OF-CALLERS ]\n", RoutesForTests.Search, "\n") + (_database is null ? "" : Keyed);
    }

    private const string Keyed =
        """
              get-keyed: { match: "GET /keyed/{id}", effect: read, access: { consumers: [stock-sync], scopes: [things.read] } }
              get-owned: { match: "GET /owned/{id}", effect: read, access: { consumers: [web-shop], scopes: [things.read] } }

        """;

    /// <summary>Goes on with the consumers of <see cref="SharedDatabase.Declaration"/>: one with tokens of an issuer whose keys a file has.</summary>
    private string Shop =>
        $$"""
          web-shop:
            kind: application
            owner: web@example.test
            grants: [things.read]
            authenticate: [ { token: { issuer: id, clientId: web-shop } } ]
        issuers: { id: { issuer: "{{_issuer.Issuer}}", audiences: [{{_issuer.Audience}}], algorithms: [ES256], keys: { file: keys.json } } }
        """;

    /// <summary>Three of them share a limit that is counted by leases, and a database.</summary>
    private string Stores
    {
        get
        {
            if (_store is null && _database is null) return "";
            var redis = _store is null ? ""
                : $"redis: {{ addresses: [\"{_store.Address}\"], instances: {Size}, pepper: \"file:store.pepper\", timeout: 500ms }}";
            if (_database is null) return $"stores: {{ {redis} }}";
            return $"stores: {{ {redis}, postgres: {{ connection: \"file:db\" }} }}\n{SharedDatabase.Declaration}\n{Shop}";
        }
    }

    private string BalancerConfiguration()
    {
        var (one, two) = (Servers(i => i.Http1), Servers(i => i.Http2));
        return $"""
            global
              maxconn 4000
            defaults
              mode tcp
              timeout connect 2s
              timeout client 60s
              timeout server 60s
              timeout check 1s
              retries 3
              option redispatch 1
            frontend one
              bind 127.0.0.1:{Http1}
              default_backend one
            frontend two
              bind 127.0.0.1:{Http2}
              default_backend two
            backend one
              balance roundrobin
              option httpchk GET /readyz
              {one}
            backend two
              balance roundrobin
              option httpchk GET /readyz
              {two}

            """;

        string Servers(Func<Instance, int> port) => string.Join("\n  ", Instances.Select(i => string.Create(
            CultureInfo.InvariantCulture, $"server {i.Name} 127.0.0.1:{port(i)} check port {i.Health} inter 200ms fall 1 rise 1")));
    }

    /// <summary>One instance: its process comes and goes, its folder and its addresses stay.</summary>
    internal sealed class Instance(Cluster cluster, int index) : IAsyncDisposable
    {
        private readonly TestFolder _folder = new();
        private readonly List<string> _before = [];
        private GatehouseProcess? _process;
        private int _revision;

        public string Name { get; } = $"g{index}";

        public int Http1 { get; } = Declarations.FreePort();

        public int Http2 { get; } = Declarations.FreePort();

        public int Administration { get; } = Declarations.FreePort();

        public int Health { get; } = Declarations.FreePort();

        public GatehouseProcess Process => _process!;

        public string Folder => _folder.Path;

        /// <summary>What all its processes have told the operator.</summary>
        public string Said => string.Concat(_before) + _process?.Error;

        public void Write()
        {
            _folder.Write("gatehouse.yaml", cluster.Declaration(this));
            _folder.Write("keys.json", cluster._issuer.Jwks());
            _folder.WriteSecret("store.pepper", FunctionalTests.Stores.Instances.WithPepper()["store.pepper"]);
            foreach (var (name, text) in cluster._database?.Secrets ?? new Dictionary<string, string>()) _folder.WriteSecret(name, text);
        }

        public async Task StartAsync()
        {
            Write();
            await StartAsItIsAsync();
        }

        /// <summary>Starts with whatever declaration there is.</summary>
        public async Task StartAsItIsAsync()
        {
            _process = GatehouseProcess.Start(_folder.Path, ["run"]);
            await _process.LineAsync("is in force", Cancel);
            _revision = 1;
        }

        /// <summary>Asks it to stop, and waits until it has.</summary>
        public async Task<int> StopAsync()
        {
            await Process.SignalAsync("TERM", Cancel);
            var finished = await Process.FinishAsync(Cancel);
            await GoAsync();
            return finished.ExitCode;
        }

        public async Task KillAsync()
        {
            await Process.SignalAsync("KILL", Cancel);
            await Process.FinishAsync(Cancel);
            await GoAsync();
        }

        /// <summary>Has it load a declaration that has changed.</summary>
        public async Task ReloadAsync()
        {
            Write();
            await Process.SignalAsync("HUP", Cancel); // unless it has seen it by itself already
            await Process.LineAsync(string.Create(CultureInfo.InvariantCulture, $"reload: revision {++_revision} is in force"), Cancel);
        }

        public async ValueTask DisposeAsync()
        {
            await GoAsync();
            _folder.Dispose();
        }

        private async Task GoAsync()
        {
            if (_process is null) return;
            _before.Add(_process.Error);
            await _process.DisposeAsync();
            _process = null;
        }
    }

    /// <summary>One destination.</summary>
    internal sealed class Service(string name) : IAsyncDisposable
    {
        private GatehouseProcess? _process;

        public int Port { get; } = Declarations.FreePort();

        public GatehouseProcess Process => _process!;

        public async Task StartAsync()
        {
            var port = Port.ToString(CultureInfo.InvariantCulture);
            _process = GatehouseProcess.StartHost("Gatehouse.TestPrograms", [], Path.GetTempPath(), "destination", port, name);
            await _process.LineAsync("listens", Cancel);
        }

        public async Task KillAsync()
        {
            await Process.SignalAsync("KILL", Cancel);
            await Process.FinishAsync(Cancel);
            await DisposeAsync();
        }

        public async ValueTask DisposeAsync()
        {
            if (_process is not null) await _process.DisposeAsync();
            _process = null;
        }
    }
}

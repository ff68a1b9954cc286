using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Gatehouse.LoadBench;

/// <summary>Writes the declarations that Gatehouse is measured with, and the keys that go with them.</summary>
internal sealed class Declarations(string folder, string gatehouse)
{
    public const int Upstream = 28100;

    private const string PlainRoute = """
              match: GET /orders/{id}
              effect: read
              access: { anonymous: measured }
              limits: [ { per: route, allow: 10000000, every: 1s } ]
    """;

    /// <summary>What every route of the plain suite carries by default: intake, address, a limit, the access log and metrics.</summary>
    public string Plain(int port, int admin) => Write("plain", port, admin, "", PlainRoute);

    /// <summary>The same, and what is told of its exchanges.</summary>
    /// <param name="telemetry">What stands between the braces of <c>telemetry</c>.</param>
    public string Told(int port, int admin, string telemetry) => Write($"told.{port}", port, admin, $"telemetry: {{ {telemetry} }}", PlainRoute);

    /// <summary>The same on three listeners: <c>edge</c>, and on the two next ports those that <see cref="OwnHost"/> loosens.</summary>
    public string Intake(int port, int admin) => Write("intake", port, admin, "", PlainRoute, $$"""
        {{OwnHost.Unjudged}}: { address: "127.0.0.1:{{port + 1}}", serves: [public] }
          {{OwnHost.Unwatched}}: { address: "127.0.0.1:{{port + 2}}", serves: [public] }
        """);

    /// <summary>The file of the access log of the declaration with this port.</summary>
    public string Log(int port) => Path.Combine(folder, $"access.{port}.jsonl");

    /// <summary>The same with a store, and the limit shared in this way; per address, as the plain suite's is per route.</summary>
    public string Shared(int port, int admin, int store, string shared) => Write($"shared.{shared}", port, admin,
        $$"""stores: { redis: { addresses: ["127.0.0.1:{{store}}"], instances: 3, pepper: "file:{{Pepper()}}" } }""", $$"""
              match: GET /orders/{id}
              effect: read
              access: { anonymous: measured }
              limits: [ { per: address, allow: 1000000, every: 1s, shared: {{shared}} } ]
    """);

    private string Pepper()
    {
        var pepper = Path.Combine(folder, "bench.pepper");
        if (!File.Exists(pepper)) Gatehouse("key", "init", pepper);
        return pepper;
    }

    /// <summary>An API key, a limit per consumer and header adaptation on top. Returns the file and the key.</summary>
    public (string File, string Key) WithKey(int port, int admin)
    {
        const string Consumers = "keys: { pepper: \"file:PEPPER\" }\nconsumers:\n  caller: { kind: service, owner: bench@example.test, grants: [orders.read], authenticate: [ { apiKey: CREDENTIAL } ] }\n";
        var pepper = Pepper();
        var draft = Path.Combine(folder, "draft.yaml");
        File.WriteAllText(draft, "gatehouse: v1\n"
            + Consumers.Replace("PEPPER", pepper, StringComparison.Ordinal).Replace("[ { apiKey: CREDENTIAL } ]", "[]", StringComparison.Ordinal));
        using var made = JsonDocument.Parse(Gatehouse("key", "create", "--consumer", "caller", "-c", draft, "--output", "json"));
        var credential = made.RootElement.GetProperty("credential");
        var (id, hash, expires) = (credential.GetProperty("id"), credential.GetProperty("hash"), credential.GetProperty("expires"));
        var yaml = $$"""{ id: {{id}}, hash: "{{hash}}", expires: {{expires}} }""";
        var consumers = Consumers.Replace("PEPPER", pepper, StringComparison.Ordinal).Replace("CREDENTIAL", yaml, StringComparison.Ordinal);
        var file = Write("key", port, admin, consumers, """
                  match: GET /orders/{id}
                  effect: read
                  access: { consumers: [caller], scopes: [orders.read] }
                  limits: [ { per: consumer, allow: 10000000, every: 1s } ]
                  request: { headers: { set: { X-Front-Door: bench }, remove: [X-Unwanted] } }
                  response: { headers: { set: { X-Served-By: gatehouse } } }
        """);
        return (file, made.RootElement.GetProperty("key").GetString()!);
    }

    /// <summary>A token of a person and a limit for each; with the other parts of a gateway's work as asked for.</summary>
    public string WithTokens(int port, int admin, TokenSet tokens, GatewayWork work)
    {
        var signing = Path.Combine(folder, "bench.assertions.pem");
        if (!File.Exists(signing)) Gatehouse("key", "init", signing, "--assertions");
        var assertions = work.Assertion is null ? "" : $"assertions: {{ issuer: \"https://gateway.bench.test\", keys: [ \"file:{signing}\" ] }}";
        var adapted = work.Headers
            ? "request: { headers: { set: { X-Front-Door: bench }, remove: [X-Consumer] } }\n          response: { headers: { set: { X-Served-By: gatehouse } } }"
            : "";
        return Write($"tokens.{port}", port, admin, $$"""
            {{assertions}}
            {{Callers(tokens)}}
            """, $$"""
                  match: GET /orders/{id}
                  effect: read
                  access: { consumers: [web-shop], people: [customers], scopes: [orders.read] }
                  limits: [ { per: {{(work.PerPerson ? "person" : "route")}}, allow: 10000000, every: 1s } ]
                  {{(work.Assertion is null ? "" : "assertion: " + work.Assertion)}}
                  {{adapted}}
        """);
    }

    /// <summary>
    /// A write that touches somebody's data, with a token of a person. Where there is a trail, it is recorded before it is forwarded and when it is
    /// over.
    /// </summary>
    /// <param name="trail">The trail's file; null for no trail.</param>
    public string Writing(int port, int admin, TokenSet tokens, string? trail)
    {
        var (key, investigation) = (Path.Combine(folder, "audit.pem"), Path.Combine(folder, "investigation.key"));
        if (!File.Exists(key)) Gatehouse("key", "init", key, "--audit");
        if (!File.Exists(investigation)) Gatehouse("key", "init", investigation);
        var audit = $"audit: {{ store: {trail}, key: \"file:{key}\", investigation: {{ keys: [\"file:{investigation}\"] }} }}\n";
        return Write($"write.{port}", port, admin, (trail is null ? "" : audit) + Callers(tokens), $$"""
                  match: POST /customers/{customerId}/orders
                  effect: write
                  personalData: ordinary
                  backendChecks: object
                  consequence: An order is sent that nobody has placed
                  access: { consumers: [web-shop], people: [customers], scopes: [{{TokenSet.WriteScope}}] }
                  limits: [ { per: person, allow: 10000000, every: 1s } ]
                  about: { customer: path.customerId }
        """);
    }

    private static string Callers(TokenSet tokens) => $$"""
        issuers:
          customers:
            issuer: "{{TokenSet.Issuer}}"
            audiences: [{{TokenSet.Audience}}]
            algorithms: [RS256]
            keys: { file: {{tokens.Keys}} }
        people:
          customers: { issuer: customers }
        consumers:
          web-shop:
            kind: application
            owner: bench@example.test
            authenticate: [ { token: { issuer: customers, clientId: {{TokenSet.Client}} } } ]
        """;

    /// <summary>Many routes; <paramref name="version"/> changes the text so that a reload has something to swap.</summary>
    public string Many(int count, int port, int admin, int version = 0)
    {
        var routes = new StringBuilder();
        for (var i = 0; i < count; i++)
            routes.Append("      r").Append(i).Append(": { match: \"GET /svc").Append(i).Append("/orders/{id}\", effect: read, purpose: route ")
                .Append(i).Append(" v").Append(version).Append(" }\n");
        return WriteText($"many{count}", Head(port, admin, "") + """
        apis:
          many:
            owner: bench@example.test
            upstream: one
            each: { exposure: public, personalData: none, access: { anonymous: measured }, limits: [ { per: route, allow: 10000000, every: 1s } ] }
            routes:

        """ + routes);
    }

    private string Write(string name, int port, int admin, string more, string route, string listeners = "") =>
        WriteText(name, Head(port, admin, more, listeners) + Api(route));

    private static string Api(string route) => $$"""
        apis:
          orders:
            owner: bench@example.test
            purpose: measuring
            upstream: one
            each: { exposure: public, personalData: none }
            routes:
              get:
        {{route}}

        """;

    private string WriteText(string name, string text)
    {
        var file = Path.Combine(folder, name + ".yaml");
        File.WriteAllText(file, text);
        return file;
    }

    private string Head(int port, int admin, string more, string listeners = "") => $$"""
        gatehouse: v1
        gateway: { name: bench, owner: bench@example.test, environment: bench }
        listeners:
          edge: { address: "127.0.0.1:{{port}}", serves: [public] }
          {{listeners}}
        administration: { address: "127.0.0.1:{{admin}}" }
        log: { access: {{Log(port)}} }
        {{more}}
        upstreams:
          one: { destinations: ["http://127.0.0.1:{{Upstream}}"] }

        """;

    private string Gatehouse(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(gatehouse, arguments) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output : throw new InvalidOperationException($"gatehouse {string.Join(' ', arguments)} ended with code {process.ExitCode}");
    }
}

/// <summary>The parts of a gateway's work that can be left out, to see what each costs.</summary>
/// <param name="PerPerson">Whether the limit is counted for each person; otherwise for the route.</param>
/// <param name="Headers">Whether header fields are set and removed.</param>
/// <param name="Assertion"><c>reuse</c> or <c>perRequest</c>; null for none.</param>
internal sealed record GatewayWork(bool PerPerson = true, bool Headers = true, string? Assertion = "reuse");

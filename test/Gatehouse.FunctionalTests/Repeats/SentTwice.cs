using System.Globalization;

namespace Gatehouse.FunctionalTests.Repeats;

/// <summary>A declaration of routes that do different things, on one upstream with several destinations, beside another upstream.</summary>
internal sealed record SentTwice(params Uri[] Destinations)
{
    /// <summary>Keys of the upstream, besides its destinations. No destination is left out: these tests count every call.</summary>
    public string Upstream { get; init; } = "retries: { backoff: 1ms }";

    /// <summary>The other upstream's destination.</summary>
    public Uri? Other { get; init; }

    /// <summary>Keys of the other upstream, besides its destination.</summary>
    public string OtherUpstream { get; init; } = "";

    /// <summary>More of every route.</summary>
    public string Each { get; init; } = "";

    /// <summary>More of the route that reads.</summary>
    public string Read { get; init; } = "";

    /// <summary>More of the declaration, at its top.</summary>
    public string More { get; init; } = "";

    /// <summary>When the day is, where the clock is not the system's.</summary>
    public DateTimeOffset Now { get; init; } = TimeProvider.System.GetUtcNow();

    public static implicit operator string(SentTwice declaration) => declaration.ToString();

    public override string ToString()
    {
        var until = Now.AddDays(30).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var waive = $"waive: [ {{ rule: GH1002, reason: a test, owner: tests@retailer.example, until: {until} }} ]";
        return $$"""
            gatehouse: v1
            gateway: { name: test, owner: tests@retailer.example, environment: test }
            listeners:
              edge: { address: "127.0.0.1:0", serves: [public] }
            administration: { address: "127.0.0.1:0" }
            drain: { announce: 0s, finish: 10s }
            {{More}}
            upstreams:
              things: { destinations: [{{string.Join(", ", Destinations.Select(Text))}}], balance: round-robin, {{Upstream}} }
              {{(Other is null ? "" : $"other: {{ destinations: [{Text(Other)}], {OtherUpstream} }}")}}
            apis:
              things:
                owner: things@retailer.example
                purpose: Things for tests
                upstream: things
                each:
                  exposure: public
                  personalData: none
                  access: { anonymous: "a test" }
                  limits: [ { per: all, allow: 1000000, every: 1s } ]
                  consequence: None
                  backendChecks: service
                  {{Each}}
                routes:
                  read: { match: "GET /read", effect: read, {{Read}} }
                  search: { match: "POST /search", effect: read }
                  put: { match: "PUT /write", effect: write, {{waive}} }
                  put-stream: { match: "PUT /stream", effect: write, body: { stream: true, reason: a test }, {{waive}} }
                  post: { match: "POST /write", effect: write, {{waive}} }
                  post-key: { match: "POST /key", effect: write, retries: { idempotencyKey: Idempotency-Key }, {{waive}} }
                  act: { match: "PUT /act", effect: action, {{waive}} }
                  act-key: { match: "POST /act-key", effect: action, retries: { idempotencyKey: Idempotency-Key }, {{waive}} }
                  off: { match: "GET /off", effect: read, retries: none }
            """;
    }

    private static string Text(Uri uri) => $"\"{uri.GetLeftPart(UriPartial.Authority)}\"";
}

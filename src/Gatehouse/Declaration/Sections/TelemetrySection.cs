using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Telemetry;
using Gatehouse.Telemetry.Otlp;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>telemetry</c>: how what happens is told.</summary>
internal static class TelemetrySection
{
    public static readonly Key<SectionReader> Otlp = new("otlp", OtlpSection.Shape,
        "The collector that is sent what happens (OpenTelemetry protocol over HTTP).");

    public static readonly Key<TraceRules> Traces = new("traces", TracesSection.Shape,
        "Which exchanges are traced. Where spans are sent to a collector, 1% are unless written.");

    public static readonly Key<bool> HttpMetrics = new("httpMetrics", Shapes.Flag(),
        "Whether requests are measured by OpenTelemetry's semantic conventions of HTTP too; true unless written.");

    public static readonly Key<SecurityRules> Security = new("security", SecuritySection.Shape,
        "From when on what callers do is a security event.");

    public static readonly Section<TelemetryText> Shape = new("telemetry", [Otlp, Traces, HttpMetrics, Security], text =>
        new TelemetryText(text.Find(Otlp), text.Find(Traces), text.Get(HttpMetrics, true), text.Get(Security)));

    public static TelemetrySettings Read(TelemetryText? text, NamedFiles files)
    {
        if (text is null) return TelemetrySettings.Usual;
        var collector = text.Otlp is { } written ? OtlpSection.Read(written.Value, files) : null;
        var sendsTraces = collector?.Signals.HasFlag(OtlpSignals.Traces) == true;
        if (text.Traces is { } traces && !sendsTraces && (text.Otlp is null || collector is not null))
            files.Findings.Add(Rules.Contradiction, traces.Place, "exchanges are traced, but no span is sent anywhere",
                "telemetry: { otlp: { endpoint: \"https://…\", send: [traces] } }, or leave 'traces' out");
        return new TelemetrySettings
        {
            Otlp = collector,
            Traces = sendsTraces ? text.Traces?.Value ?? TraceRules.Usual : null,
            HttpMetrics = text.HttpMetrics,
            Security = text.Security ?? new SecurityRules(),
        };
    }
}

/// <summary>What stands in <c>telemetry</c>.</summary>
internal sealed record TelemetryText(Located<SectionReader>? Otlp, Located<TraceRules>? Traces, bool HttpMetrics, SecurityRules? Security);

/// <summary><c>traces</c> of <c>telemetry</c>.</summary>
internal static class TracesSection
{
    private static readonly Key<Share> Sample = new("sample", ShareShape.Between(default, Share.Percent(100)),
        "The part of the exchanges that is traced; 1% unless written. A refusal always has a span.");

    private static readonly Key<string> Parent = new("parent", Shapes.OneOf(("ignore", "ignore"), ("honour", "honour")),
        "Whether callers decide by the flag of their traceparent whether their calls are traced: ignore unless written. To honour it lets anybody have "
            + "all of their calls traced.");

    public static readonly Section<TraceRules> Shape = new("traces", [Sample, Parent], text =>
        new TraceRules(text.Get(Sample, Share.Percent(1)).Fraction, text.Get(Parent) == "honour"));
}

/// <summary><c>security</c> of <c>telemetry</c>.</summary>
internal static class SecuritySection
{
    private static readonly SecurityRules Usual = new();

    private static readonly Key<int> Failures = new("failures", Shapes.Whole(1, 100_000),
        "Bad credentials of one address, wrong secrets for one key, or failed handshakes of one address; 20 unless written.");

    private static readonly Key<int> Routes = new("routes", Shapes.Whole(1, 50),
        "Different routes that refuse one consumer; 5 unless written.");

    private static readonly Key<int> Malformed = new("malformed", Shapes.Whole(1, 100_000),
        "Malformed requests of one address; 50 unless written.");

    private static readonly Key<int> Limits = new("limits", Shapes.Whole(1, 1_000_000),
        "Calls of one caller that its limits refuse; 100 unless written.");

    private static readonly Key<bool> Networks = new("newNetworks", Shapes.Flag(),
        "Whether it is told that a key or a certificate comes from a network from which it has not come before; true unless written.");

    private static readonly Key<bool> TokenNetworks = new("tokenNetworks", Shapes.Flag(),
        "Whether it is told that a token comes from another network than at first; false unless written, because people take their tokens along.");

    private static readonly Key<TimeSpan> Every = new("every", Shapes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
        "The time within which all of these are counted; 1m unless written.");

    private static readonly Key<TimeSpan> Quiet = new("quiet", Shapes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)),
        "How long the same is not told again of the same one; 10m unless written. The next line says how often it was left out.");

    public static readonly Section<SecurityRules> Shape = new("security events",
        [Failures, Routes, Malformed, Limits, Networks, TokenNetworks, Every, Quiet], text => new SecurityRules
        {
            Failures = text.Get(Failures, Usual.Failures),
            Routes = text.Get(Routes, Usual.Routes),
            Malformed = text.Get(Malformed, Usual.Malformed),
            Limits = text.Get(Limits, Usual.Limits),
            Networks = text.Get(Networks, true),
            TokenNetworks = text.Get(TokenNetworks, false),
            Every = text.Get(Every, Usual.Every),
            Quiet = text.Get(Quiet, Usual.Quiet),
        });
}

/// <summary><c>otlp</c> of <c>telemetry</c>: one collector.</summary>
internal static class OtlpSection
{
    private const int MostHeaders = 10;
    private static readonly string[] NotForHeaders =
    [
        "content-", "host", "connection", "transfer-", "te", "upgrade", "expect", "trailer", "keep-alive", "proxy-",
    ];

    public static readonly Key<Located<Uri>> Endpoint = new("endpoint", new EndpointShape(),
        "Its address, before /v1/traces, /v1/metrics and /v1/logs; https, or http on loopback.")
    {
        Required = true,
    };

    private static readonly Key<IReadOnlyList<OtlpSignals>> Send = new("send", Shapes.List(Shapes.OneOf(
        ("traces", OtlpSignals.Traces), ("metrics", OtlpSignals.Metrics), ("logs", OtlpSignals.Logs)), 1, 3),
        "What it is sent. Logs are the access log, addresses of clients included, security events, and records of the trail without what is personal.")
    {
        Required = true,
    };

    public static readonly Key<IReadOnlyList<Named<string>>> Headers = new("headers",
        Shapes.Map(SecretReference.Shape, MostHeaders, "header field", IsHeader, "^[A-Za-z][A-Za-z0-9-]{0,63}$"),
        "Header fields of every request, by name: where the whole value is. A reload replaces them.");

    public static readonly Key<string> Authorities = new("authorities", DecisionShapes.File(),
        "A PEM file with the authorities that it is trusted by; the system's unless written.");

    private static readonly Key<TimeSpan> Timeout = new("timeout", Shapes.Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1)),
        "How long one request may take; 10s unless written. Traffic never waits for it.");

    private static readonly Key<TimeSpan> Every = new("every", Shapes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)),
        "The time between two readings of the metrics; 1m unless written.");

    public static readonly Section<SectionReader> Shape = new("a collector", [Endpoint, Send, Headers, Authorities, Timeout, Every], text => text);

    /// <summary>What the environment says of it: where it is, and how it is reached.</summary>
    public static IReadOnlyList<Key> Placing { get; } = [Endpoint, Headers, Authorities];

    /// <summary>The collector as far as its text goes, or null when it says too little.</summary>
    public static OtlpSettings? Read(SectionReader text, NamedFiles files)
    {
        // Each is read, so that each is complained about
        var (endpoint, send, headers) = (text.Find(Endpoint), text.Get(Send), text.Get(Headers) ?? []);
        var (timeout, every) = (text.Get(Timeout, TimeSpan.FromSeconds(10)), text.Get(Every, TimeSpan.FromMinutes(1)));
        var authorities = text.Find(Authorities) is { } file ? AuthoritiesFile.Read(file, files) : null;
        var values = headers.Select(h => ValueOf(h, files)).OfType<OtlpHeader>().ToList();
        if (endpoint is null || send is null) return null;
        return new OtlpSettings(endpoint.Value.Value.Value, send.Aggregate(OtlpSignals.None, (all, one) => all | one))
        {
            Authorities = authorities,
            Headers = values,
            Timeout = timeout,
            Every = every,
        };
    }

    /// <summary>A value that can stand in a header field (RFC 9110 section 5.5), of visible characters and blanks.</summary>
    private static OtlpHeader? ValueOf(Named<string> header, NamedFiles files)
    {
        var reference = new Located<string>(header.Value, header.Place);
        if (SecretReference.Resolve(reference, $"header field '{header.Name}' of the collector", 1, files) is not { } secret) return null;
        if (!secret.Bytes.AsSpan().ContainsAnyExceptInRange((byte)' ', (byte)'~'))
            return new OtlpHeader(header.Name, Encoding.ASCII.GetString(secret.Bytes));
        files.Findings.Add(Rules.UnusableFile, header.Place,
            $"the value of the header field '{header.Name}' has a character that cannot stand in one");
        return null;
    }

    private static bool IsHeader(string name) =>
        name.Length is > 0 and <= 64 && char.IsAsciiLetter(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
            && !NotForHeaders.Any(n => n[^1] == '-' && name.StartsWith(n, StringComparison.OrdinalIgnoreCase))
            && !NotForHeaders.Contains(name, StringComparer.OrdinalIgnoreCase);
}

using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;
using Gatehouse.Tests.Tidy;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Telemetry;

public sealed class SecurityEventsTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));
    private readonly MemoryLines _lines = new();
    private readonly GatehouseMeter _meter = new();

    public void Dispose() => _meter.Dispose();

    /// <summary>Every event is told with every fact that there is: what stands in its line is what its page says, and nothing else.</summary>
    [Fact]
    public void Events_page_lists_every_event_with_its_fields()
    {
        var declared = typeof(SecurityEvent).GetFields().Select(f => f.GetValue(null)).OfType<SecurityEvent>();
        Assert.Equal(declared.OrderBy(e => e.Name, StringComparer.Ordinal), SecurityEvent.All.OrderBy(e => e.Name, StringComparer.Ordinal));
        var page = new StringBuilder(
            """
            # Security events

            One line each, among what the operator reads: `security` and an object of JSON, with `time`, `event` and the fields below, those that
            are known. Where logs are shipped, the collector gets the object as a record `gatehouse.security`. `gatehouse.security.events`
            counts them.
            `suppressed` says how many of the same were left out since the last line. Names and fields are stable: alert rules may rely on them.

            `address` and `network` stand as `hmac:` and 16 digits, under the secret of `keys` where there is one (then they mean the same in every
            instance and after every start), else under one of the process. When each is told is set by `telemetry: { security: … }`.

            | event | fields | says |
            |---|---|---|

            """);
        foreach (var e in SecurityEvent.All.OrderBy(e => e.Name, StringComparer.Ordinal))
            page.Append($"| `{e.Name}` | {string.Join(", ", e.Fields.Select(f => $"`{f}`"))} | {e.Says} |\n");
        ReferencePage.Compare("events.md", page.ToString());
    }

    [Fact]
    public void What_is_personal_stands_as_a_digest_that_one_key_always_makes_the_same()
    {
        var address = IPAddress.Parse("203.0.113.5");
        var (one, again, other) = (Events("a key"), Events("a key"), Events("another"));
        Assert.Equal(one.DigestOf(address), again.DigestOf(address));
        Assert.NotEqual(one.DigestOf(address), other.DigestOf(address));
        Assert.NotEqual(one.DigestOf(address), one.DigestOf(IPAddress.Parse("203.0.113.6")));
        one.Tell(SecurityEvent.Malformed, new SecurityFacts { Listener = "edge", Address = address, Network = 7 });
        Assert.DoesNotContain("203.0.113", Assert.Single(_lines.Lines), StringComparison.Ordinal);
    }

    [Fact]
    [Control("LOG-7", "security events")]
    public void So_many_lines_a_minute_and_no_more_whoever_makes_them()
    {
        var events = Events("a key");
        for (var i = 0; i < 1000; i++) events.Tell(SecurityEvent.AuthenticationFailures, new SecurityFacts { Listener = "edge" });
        Assert.Equal(SecurityEvents.MostLines, _lines.Lines.Count);
        _clock.Advance(TimeSpan.FromMinutes(1));
        events.Tell(SecurityEvent.AuthenticationFailures, new SecurityFacts { Listener = "edge" });
        Assert.Equal(1000 - SecurityEvents.MostLines, (int)JsonNode.Parse(_lines.Lines[^1])!["suppressed"]!);
        Assert.Equal(1001, _meter.SecurityEvents("authentication-failures").Value);
    }

    [Fact]
    [Control("LOG-5", "handshakes that fail")]
    public void Tells_of_an_address_that_fails_to_prove_itself_again_and_again()
    {
        var events = Events("a key");
        for (var i = 0; i < 25; i++) events.HandshakeRefused("partners", IPAddress.Parse("203.0.113.5"), 1, "the chain is not trusted");
        for (var i = 0; i < 19; i++) events.HandshakeRefused("partners", IPAddress.Parse("203.0.113.6"), 2, "the chain is not trusted");
        var told = Assert.Single(_lines.Records);
        Assert.Equal(("handshakes-refused", "partners", 20), ((string?)told["event"], (string?)told["listener"], (int)told["count"]!));
    }

    [Fact]
    public void Tells_the_same_of_the_same_one_once_in_a_while()
    {
        var events = Events("a key");
        for (var i = 0; i < 5; i++) events.TellOnce(SecurityEvent.UpstreamTls, 1, new SecurityFacts { Upstream = "orders" });
        events.TellOnce(SecurityEvent.UpstreamTls, 2, new SecurityFacts { Upstream = "stock" });
        _clock.Advance(TimeSpan.FromMinutes(10));
        events.TellOnce(SecurityEvent.UpstreamTls, 1, new SecurityFacts { Upstream = "orders" });
        Assert.Equal([null, null, 4], _lines.Records.Select(r => (int?)r["suppressed"]));
    }

    [Fact]
    [Control("LOG-5", "as its reference says it")]
    public void What_is_told_once_has_the_fields_of_its_page_and_no_others()
    {
        Events("a key").TellOnce(SecurityEvent.UpstreamTls, 1, new SecurityFacts { Upstream = "orders", Destination = "https://10.0.3.1:5101" });
        Assert.Equal(["time", "event", .. SecurityEvent.UpstreamTls.Fields], Assert.Single(_lines.Records).Select(f => f.Key));
    }

    [Fact]
    public void What_a_reload_says_holds_for_what_is_told_next()
    {
        var (events, address) = (Events("a key"), IPAddress.Parse("203.0.113.5"));
        for (var i = 0; i < 19; i++) events.HandshakeRefused("partners", address, 1, "the chain is not trusted");
        events.Use("another"u8, new SecurityRules());
        events.Use([], new SecurityRules()); // without a secret the one in use stays
        Assert.Equal(Events("another").DigestOf(address), events.DigestOf(address));
        events.HandshakeRefused("partners", address, 1, "the chain is not trusted");
        Assert.Equal(20, (int)Assert.Single(_lines.Records)["count"]!); // under the same rules what was counted stays

        events.Use([], new SecurityRules { Failures = 2, Every = TimeSpan.FromSeconds(30) });
        for (var i = 0; i < 2; i++) events.HandshakeRefused("partners", address, 1, "the chain is not trusted");
        var told = _lines.Records[^1];
        Assert.Equal((2, 30), ((int)told["count"]!, (int)told["within"]!));
    }

    private SecurityEvents Events(string key) =>
        new(new EventWriter(TextWriter.Null, _clock), _meter, _clock, Encoding.ASCII.GetBytes(key), new SecurityRules()) { Shipped = _lines };
}

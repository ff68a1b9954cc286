using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Gatehouse.Telemetry;

/// <summary>
/// Tells security events: one line of JSON each, to whoever reads what the operator reads and, where logs are shipped, to the collector; and counts
/// them. Values that are personal stand in lines as keyed digests only. So many lines a minute are written and no more, whatever happens; what was
/// left out is said in the next line of its kind.
/// </summary>
internal sealed class SecurityEvents
{
    /// <summary>Lines of one kind in a minute.</summary>
    public const int MostLines = 30;

    private const int Longest = 128;
    private const int FewPlaces = 1024;
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private readonly EventWriter _events;
    private readonly GatehouseMeter _meter;
    private readonly TimeProvider _clock;
    private readonly Lock _gate = new();
    private readonly Dictionary<SecurityEvent, Budget> _budgets = [];
    private volatile InForce _inForce;

    /// <param name="key">Under which personal values are digested.</param>
    public SecurityEvents(EventWriter events, GatehouseMeter meter, TimeProvider clock, ReadOnlySpan<byte> key, SecurityRules rules)
    {
        (_events, _meter, _clock) = (events, meter, clock);
        _inForce = InForce.Of(KeyFrom(key), rules, clock);
        foreach (var kind in SecurityEvent.All) _budgets.Add(kind, new Budget());
    }

    /// <summary>Takes the lines too; null for nobody.</summary>
    public LineSink? Shipped { get; set; }

    /// <summary>Takes over what a reload has put in force. What was counted under the same rules stays counted.</summary>
    /// <param name="key">Under which personal values are digested; empty for the one in use.</param>
    public void Use(ReadOnlySpan<byte> key, SecurityRules rules)
    {
        var before = _inForce;
        var digest = key.IsEmpty ? before.Key : KeyFrom(key);
        _inForce = rules == before.Rules ? before with { Key = digest } : InForce.Of(digest, rules, _clock);
    }

    public void Tell(SecurityEvent kind, in SecurityFacts facts)
    {
        _meter.SecurityEvents(kind.Name).Add();
        if (!TryTake(kind, out var leftOut)) return;
        var line = JsonLine.Begin();
        line.Time("time"u8, _clock.GetUtcNow());
        line.Text("event"u8, kind.Name, Longest);
        Write(line, facts);
        if (facts.Burst.Suppressed + leftOut is > 0 and var suppressed) line.Number("suppressed"u8, suppressed);
        var written = line.End();
        Shipped?.Write(written);
        // whoever reads the events may be slow: an exchange does not wait for that
        var told = (Events: _events, Text: "security " + Encoding.ASCII.GetString(written));
        ThreadPool.UnsafeQueueUserWorkItem(static told => told.Events.Write(told.Text), told, preferLocal: false);
    }

    /// <summary>Tells, unless the same was told of the same a while ago.</summary>
    public void TellOnce(SecurityEvent kind, ulong whose, in SecurityFacts facts)
    {
        // it is no count
        if (_inForce.Once.Add(whose, _clock.GetTimestamp(), 0, out var burst)) Tell(kind, facts with { Burst = burst with { Count = 0 } });
        else _meter.SecurityEvents(kind.Name).Add();
    }

    /// <summary>Counts a handshake that has failed, and tells where one address fails often.</summary>
    /// <param name="whose">The address as it is told apart in tables.</param>
    /// <param name="reason">A constant text.</param>
    public void HandshakeRefused(string listener, IPAddress client, ulong whose, string reason)
    {
        var inForce = _inForce;
        if (!inForce.Handshakes.Add(whose, _clock.GetTimestamp(), 0, out var burst)) return;
        Tell(SecurityEvent.Handshakes, new SecurityFacts
        {
            Listener = listener,
            Address = client,
            Reason = reason,
            Burst = burst,
            Within = inForce.Rules.Every,
        });
    }

    /// <summary>Stands for an address in lines: who has the key can find out whether it stands for a certain one.</summary>
    public string DigestOf(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        return DigestOf("address"u8, bytes[..length]);
    }

    /// <summary>Stands for a network in lines.</summary>
    public string DigestOf(ulong network) => DigestOf("network"u8, BitConverter.GetBytes(network));

    private static byte[] KeyFrom(ReadOnlySpan<byte> key) => HMACSHA256.HashData(key, "gatehouse security events"u8);

    private string DigestOf(ReadOnlySpan<byte> what, ReadOnlySpan<byte> value)
    {
        Span<byte> digest = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_inForce.Key, [.. what, 0, .. value], digest);
        return "hmac:" + Convert.ToHexStringLower(digest[..8]);
    }

    private void Write(JsonLine line, in SecurityFacts facts)
    {
        if (facts.Listener is { } listener) line.Text("listener"u8, listener, Longest);
        if (facts.Consumer is { } consumer) line.Text("consumer"u8, consumer, Longest);
        if (facts.Credential is { } credential) line.Text("credential"u8, credential, Longest);
        if (facts.Address is { } address) line.Text("address"u8, DigestOf(address), Longest);
        if (facts.Network != 0) line.Text("network"u8, DigestOf(facts.Network), Longest);
        if (facts.Upstream is { } upstream) line.Text("upstream"u8, upstream, Longest);
        if (facts.Destination is { } destination) line.Text("destination"u8, destination, Longest);
        if (facts.Problem is { } problem) line.Text("problem"u8, problem, Longest);
        if (facts.Reason is { } reason) line.Text("reason"u8, reason, Longest);
        if (facts.Outcome is { } outcome) line.Text("outcome"u8, outcome, Longest);
        if (facts.Revision != 0) line.Number("revision"u8, facts.Revision);
        if (facts.Fingerprint is { } fingerprint) line.Text("fingerprint"u8, fingerprint, Longest);
        if (facts.Burst.Count > 0) line.Number("count"u8, facts.Burst.Count);
        if (facts.Burst.Different > 0) line.Number("routes"u8, facts.Burst.Different);
        if (facts.Within > TimeSpan.Zero) line.Number("within"u8, (long)facts.Within.TotalSeconds);
    }

    private bool TryTake(SecurityEvent kind, out int leftOut)
    {
        leftOut = 0;
        var now = _clock.GetTimestamp();
        lock (_gate)
        {
            var budget = _budgets[kind];
            if (budget.Lines == 0 || _clock.GetElapsedTime(budget.Since, now) >= Minute) (budget.Since, budget.Lines) = (now, 0);
            if (budget.Lines >= MostLines)
            {
                budget.LeftOut++;
                return false;
            }

            budget.Lines++;
            (leftOut, budget.LeftOut) = (budget.LeftOut, 0);
            return true;
        }
    }

    /// <summary>What the declaration says of it, and what is counted under that.</summary>
    private sealed record InForce(byte[] Key, SecurityRules Rules, Bursts Once, Bursts Handshakes)
    {
        public static InForce Of(byte[] key, SecurityRules rules, TimeProvider clock) => new(
            key,
            rules,
            new Bursts(1, rules.Every, rules.Quiet, clock.TimestampFrequency, places: FewPlaces),
            new Bursts(rules.Failures, rules.Every, rules.Quiet, clock.TimestampFrequency));
    }

    private sealed class Budget
    {
        public long Since { get; set; }

        public int Lines { get; set; }

        public int LeftOut { get; set; }
    }
}

/// <summary>What a line may say, each where the event has it. Texts are of the declaration or of closed lists.</summary>
internal readonly record struct SecurityFacts
{
    public string? Listener { get; init; }

    public string? Consumer { get; init; }

    /// <summary>The id of a credential: never a secret.</summary>
    public string? Credential { get; init; }

    /// <summary>Of a client: written as a digest.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>Of a client: written as a digest; 0 for none.</summary>
    public ulong Network { get; init; }

    public string? Upstream { get; init; }

    public string? Destination { get; init; }

    public string? Problem { get; init; }

    public string? Reason { get; init; }

    public string? Outcome { get; init; }

    public long Revision { get; init; }

    public string? Fingerprint { get; init; }

    public Burst Burst { get; init; }

    public TimeSpan Within { get; init; }
}

using System.Globalization;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Telemetry;
using Gatehouse.Tokens;

namespace Gatehouse.Policies.Throttle;

/// <summary>
/// Lets guessing cost the guesser. Bad credentials are counted by client address; from one that has presented too many, credentials are refused
/// before anybody looks at them. What is known to be good passes: a token that is remembered, and a key that was good before.
/// Requests without a credential are nobody's guess. While nobody has failed, a request costs one comparison.
/// </summary>
internal sealed class ThrottlePolicy : Policy
{
    /// <summary>Wrong secrets for one key's id, from wherever, and answers 403 and 404 to one address, before somebody is told.</summary>
    private const int Many = 100;

    private readonly CompileContext _context;
    private readonly string _listener;
    private readonly FailureTable? _failures;
    private readonly FailureTable _keys;
    private readonly FailureTable _paths;
    private readonly FailureTable? _misses;
    private readonly ProvedKeys _proved;

    public ThrottlePolicy(Listener listener, CompileContext context)
    {
        _context = context;
        _listener = listener.Name;
        var limits = listener.Throttle;
        if (limits.Off is null) _failures = Table("throttled addresses", Identity(limits.Failures), limits.Failures, limits.Every);
        _keys = Table("guessed keys", "", Many, TimeSpan.FromHours(1));
        _proved = context.State.Get("proved keys", "", static () => new ProvedKeys());
        _paths = Table("guessed paths", listener.Name, Many, TimeSpan.FromMinutes(1));
        if (limits.Misses is { } misses)
            _misses = Table("throttled misses", Identity(misses), misses, limits.Every);

        string Identity(int allow) => string.Create(CultureInfo.InvariantCulture, $"{listener.Name}/{allow}/{limits.Every.Ticks}");
    }

    public override string Name => ThrottleKind.KindName;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        if (_misses is not null && _misses.IsOver(AddressKey.Of(exchange.Client.Value), exchange.StartedAt, out var until))
        {
            exchange.GuessRetrySeconds = Seconds(until);
            return new(Verdict.Reject(Problems.TooManyMisses, "too many requests of the address have led nowhere"));
        }

        if (_failures is null || _failures.IsQuiet(exchange.StartedAt) || !Presents(exchange)) return new(Verdict.Continue);
        var attempt = _failures.Ask(AddressKey.Of(exchange.Client.Value), exchange.StartedAt, out var wait);
        if (attempt == Attempt.Taken) exchange.Guess = GuessState.Taken;
        if (attempt != Attempt.Refused || IsKnown(exchange)) return new(Verdict.Continue);
        exchange.GuessRetrySeconds = Seconds(wait);
        return new(Verdict.Reject(Problems.TooManyFailures, "the address has presented too many bad credentials"));
    }

    /// <summary>Counts before the refusal is written: a client that does not read its answer has failed too.</summary>
    public override void OnResponse(Exchange exchange)
    {
        if (ReferenceEquals(exchange.Problem, Problems.TooManyFailures) || ReferenceEquals(exchange.Problem, Problems.TooManyMisses))
            exchange.ResponseHeaders.RetryAfter = exchange.GuessRetrySeconds.ToString(CultureInfo.InvariantCulture);
        else if (IsFailure(exchange)) Count(exchange);
        else GiveBack(exchange);
    }

    public override void OnFinished(Exchange exchange)
    {
        if (exchange.Connection is { } connection) Remember(connection);
        GiveBack(exchange);
        if (exchange.Status is 403 or 404 && (_misses ?? _paths).Add(AddressKey.Of(exchange.Client.Value), exchange.StartedAt))
            Tell(GuessLine.OfPaths(_listener, exchange.Client.Value, _context.Clock.GetUtcNow()), GuessLine.Paths);
    }

    private long Seconds(long ticks) => (ticks + _context.Clock.TimestampFrequency - 1) / _context.Clock.TimestampFrequency;

    private static bool Presents(Exchange exchange) =>
        exchange.RequestHeaders.Authorization.Count > 0 || exchange.RequestHeaders["X-Api-Key"].Count > 0;

    /// <summary>
    /// A credential that was presented and proved nobody. Not one who presented none, or a certificate: its handshake judged it. Nor a caller that
    /// is known, whose credential was not enough for what came after.
    /// </summary>
    private static bool IsFailure(Exchange exchange)
    {
        var problem = exchange.Problem;
        if (ReferenceEquals(problem, Problems.Unauthenticated))
            return exchange.Caller is null && (exchange.Presented & ~CredentialKinds.Certificate) != CredentialKinds.None;
        return ReferenceEquals(problem, Problems.CredentialMisplaced) || ReferenceEquals(problem, Problems.CredentialAmbiguous);
    }

    /// <summary>Whether all that is presented was found good before, so that a good caller is heard behind the same address as a guesser.</summary>
    private bool IsKnown(Exchange exchange)
    {
        var (authorization, keys) = (exchange.RequestHeaders.Authorization, exchange.RequestHeaders["X-Api-Key"]);
        if (authorization.Count > 1 || keys.Count > 1) return false;
        if (keys is [{ } key] && !_proved.Knows(key)) return false;
        if (authorization is not [{ } text]) return true;
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        return space > 0 && _context.Tokens.Remembers(text[space..].TrimStart(' '));
    }

    /// <summary>Remembers the key of a connection once: its next exchanges present the same one.</summary>
    private void Remember(ConnectionMemory connection)
    {
        if (connection.Key?.Text is not { } key || ReferenceEquals(key, connection.RememberedKey)) return;
        connection.RememberedKey = key;
        _proved.Remember(key);
    }

    private void Count(Exchange exchange)
    {
        if (exchange.Guess == GuessState.Counted) return;
        var taken = exchange.Guess == GuessState.Taken;
        exchange.Guess = GuessState.Counted;
        var (client, now) = (exchange.Client.Value, exchange.StartedAt);
        if (_failures is not null && _failures.Add(AddressKey.Of(client), now, taken))
            Tell(GuessLine.OfCredentials(_listener, client, _context.Clock.GetUtcNow()), GuessLine.Credentials);
        if (exchange.GuessedKeyId is { } id && _keys.Add((uint)id.GetHashCode(StringComparison.Ordinal), now))
            Tell(GuessLine.OfKey(_listener, id, _context.Clock.GetUtcNow()), GuessLine.Key);
    }

    private void GiveBack(Exchange exchange)
    {
        if (exchange.Guess != GuessState.Taken) return;
        exchange.Guess = GuessState.None;
        _failures!.GiveBack(AddressKey.Of(exchange.Client.Value), exchange.StartedAt);
    }

    private void Tell(ReadOnlySpan<byte> line, string what)
    {
        _context.AccessLog.Write(line);
        _context.Meter.Guesses(_listener, what).Add();
    }

    private FailureTable Table(string kind, string identity, int allow, TimeSpan every) => _context.State.Get(
        kind, identity, () => new FailureTable(allow, every, _context.Clock.TimestampFrequency));
}

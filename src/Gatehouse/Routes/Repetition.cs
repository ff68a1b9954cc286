namespace Gatehouse.Routes;

/// <summary>Whether a route's calls may be sent again when nothing is known of what became of them.</summary>
internal enum Repetition
{
    /// <summary>No.</summary>
    Never,

    /// <summary>Yes: a second call changes nothing that the first has not.</summary>
    Always,

    /// <summary>Only a call that carries the key by which the service knows it again.</summary>
    WithKey,
}

/// <summary>What a route says about its calls being sent again.</summary>
/// <param name="IsOff">Whether they never are, except when nothing of them was sent.</param>
/// <param name="IdempotencyKey">The header field whose value tells the service that it has had a call before; null for none.</param>
internal sealed record RouteRetries(bool IsOff, string? IdempotencyKey)
{
    /// <summary>What holds where nothing is written.</summary>
    public static RouteRetries Usual { get; } = new(false, null);

    /// <summary>
    /// Whether a call may be sent again: reads, and writes by a method that means the same when it is repeated (RFC 9110 section 9.2.2). An action
    /// starts something whatever its method is.
    /// </summary>
    public Repetition For(Effect effect, string method)
    {
        if (IsOff) return Repetition.Never;
        if (effect == Effect.Read || (effect == Effect.Write && IsIdempotent(method))) return Repetition.Always;
        return IdempotencyKey is null ? Repetition.Never : Repetition.WithKey;
    }

    /// <summary>RFC 9110 section 9.2.2; TRACE is for no backend.</summary>
    public static bool IsIdempotent(string method) => method is "GET" or "HEAD" or "OPTIONS" or "PUT" or "DELETE";
}

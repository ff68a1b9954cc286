namespace Gatehouse.Pipeline;

/// <summary>What a policy decided about an exchange.</summary>
public readonly struct Verdict
{
    private Verdict(VerdictKind kind, Problem? problem, string? reason)
    {
        Kind = kind;
        Problem = problem;
        Reason = reason;
    }

    /// <summary>The next policy decides.</summary>
    public static Verdict Continue => default;

    /// <summary>
    /// The policy has made the response itself. As long as it has not begun to send it, the other policies see its head like that of any answer.
    /// </summary>
    public static Verdict Answered => new(VerdictKind.Answered, null, null);

    internal VerdictKind Kind { get; }

    internal Problem? Problem { get; }

    internal string? Reason { get; }

    /// <summary>The exchange is refused.</summary>
    /// <param name="problem">What the client is told.</param>
    /// <param name="reason">What the log is told: a constant text, never a value from the request.</param>
    public static Verdict Reject(Problem problem, string? reason = null) => new(VerdictKind.Reject, problem, reason);
}

internal enum VerdictKind
{
    Continue,
    Reject,
    Answered,
}

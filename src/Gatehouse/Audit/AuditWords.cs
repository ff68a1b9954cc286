using System.Text;

namespace Gatehouse.Audit;

/// <summary>The words by which a record says what it is about.</summary>
internal static class AuditWords
{
    private static readonly string[] Kinds = [.. Enum.GetValues<AuditKind>().Select(k => Word(k))];
    private static readonly byte[][] KindBytes = [.. Kinds.Select(Encoding.ASCII.GetBytes)];
    private static readonly string[] Outcomes = [.. Enum.GetValues<AuditOutcome>().Select(o => Word(o))];
    private static readonly byte[][] OutcomeBytes = [.. Outcomes.Select(Encoding.ASCII.GetBytes)];

    public static IReadOnlyList<string> AllKinds => Kinds;

    public static string Of(AuditKind kind) => Kinds[(int)kind];

    public static string Of(AuditOutcome outcome) => Outcomes[(int)outcome];

    public static string? Of(AuditDecision decision) => decision switch
    {
        AuditDecision.None => null,
        AuditDecision.Allowed => "allowed",
        AuditDecision.Refused => "refused",
    };

    public static AuditKind? Kind(string? word) => Array.IndexOf(Kinds, word) is >= 0 and var at ? (AuditKind)at : null;

    public static AuditOutcome Outcome(string? word) => Array.IndexOf(Outcomes, word) is >= 0 and var at ? (AuditOutcome)at : AuditOutcome.None;

    public static AuditDecision Decision(string? word) => word switch
    {
        "allowed" => AuditDecision.Allowed,
        "refused" => AuditDecision.Refused,
        _ => AuditDecision.None,
    };

    internal static ReadOnlySpan<byte> Bytes(AuditKind kind) => KindBytes[(int)kind];

    internal static ReadOnlySpan<byte> Bytes(AuditOutcome outcome) => OutcomeBytes[(int)outcome];

    /// <summary><c>FailedBefore</c> is written <c>failed-before</c>.</summary>
    private static string Word<T>(T value)
        where T : struct, Enum
    {
        var word = new StringBuilder();
        foreach (var c in value.ToString())
        {
            if (char.IsAsciiLetterUpper(c) && word.Length > 0) word.Append('-');
            word.Append(char.ToLowerInvariant(c));
        }

        return word.ToString();
    }

    /// <summary>
    /// Whether it excuses what would else be a fault: content and values that are gone, and what is open no more. It is signed in the transaction
    /// that it is written in, and counts only so: who can write to a store without its key could write one too.
    /// </summary>
    public static bool IsExcuse(this AuditKind kind) => kind is AuditKind.Retention or AuditKind.Erasure or AuditKind.Closed;
}

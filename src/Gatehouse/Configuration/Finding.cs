namespace Gatehouse.Configuration;

/// <summary>
/// One complaint about a declaration: which rule, where, what is wrong, and how to mend it when that is known. Whoever wrote what it is about, it is
/// one line without control characters: it goes to terminals and into logs.
/// </summary>
internal sealed record Finding(Rule Rule, Place Place, string Message, string? Hint = null)
{
    public string Message { get; } = Show.OnOneLine(Message);

    public string? Hint { get; } = Hint is null ? null : Show.OnOneLine(Hint);

    public bool IsError => Rule.Severity == Severity.Error;

    public override string ToString() =>
        $"{Place} {(IsError ? "error" : "warning")} {Rule.Id} {Message}{(Hint is null ? "" : "; " + Hint)}";
}

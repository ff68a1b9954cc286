namespace Gatehouse.Configuration;

/// <summary>One complaint about a declaration: which rule, where, what is wrong, and how to mend it when that is known.</summary>
internal sealed record Finding(Rule Rule, Place Place, string Message, string? Hint = null)
{
    public bool IsError => Rule.Severity == Severity.Error;

    public override string ToString() =>
        $"{Place} {(IsError ? "error" : "warning")} {Rule.Id} {Message}{(Hint is null ? "" : "; " + Hint)}";
}

namespace Gatehouse.Audit;

/// <summary>
/// A record that was looked for, with what the intent before it says: for whom and about whom an exchange was is said once, before it is forwarded.
/// </summary>
/// <param name="Chain">The chain that it stands in.</param>
/// <param name="Stored">As it is kept.</param>
/// <param name="Read">What it says.</param>
/// <param name="Intent">The intent whose end it is; null where it is none, or where that is not there.</param>
internal sealed record FoundRecord(AuditChain Chain, StoredRecord Stored, ReadRecord Read, ReadRecord? Intent)
{
    public AuditRecord Record => Read.Record;

    /// <summary>For whom; null where that is not said, or was erased.</summary>
    public string? Person => Record.Person ?? Intent?.Record.Person;

    /// <summary>About whom: what the request said, and what the answer did.</summary>
    public IReadOnlyList<AboutEntry> About =>
        Intent is not { Record.About: { Count: > 0 } before } ? Record.About : Record.About.Count == 0 ? before : [.. before.Union(Record.About)];

    /// <summary>Whether something personal was said that has been erased.</summary>
    public bool IsErased => WasErased(Read) || (Intent is { } intent && WasErased(intent));

    /// <summary>Nothing of a record is shown by accident.</summary>
    public override string ToString() => Record.ToString();

    private static bool WasErased(ReadRecord read) =>
        (read.Record.Person is null && read.Person.Length > 0)
        || (read.Record.Client is null && read.Client.Length > 0)
        || read.Record.About.Count < read.About.Length;
}

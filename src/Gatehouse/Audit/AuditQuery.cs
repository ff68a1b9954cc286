namespace Gatehouse.Audit;

/// <summary>Which records are wanted: all that is said must hold, and what is not said holds always.</summary>
internal sealed record AuditQuery
{
    /// <summary>Records made for one of these, as records name a person; empty for anybody.</summary>
    public IReadOnlySet<string> Persons { get; init; } = Nothing;

    /// <summary>Records about one of these, each as <see cref="RecordWriter.Join"/> has it; empty for anybody.</summary>
    public IReadOnlySet<string> About { get; init; } = Nothing;

    public string? Consumer { get; init; }

    public string? Route { get; init; }

    /// <summary>From this instant on.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Before this instant.</summary>
    public DateTimeOffset? Until { get; init; }

    public AuditDecision Decision { get; init; }

    public string? Problem { get; init; }

    public string? RequestId { get; init; }

    /// <summary>Kinds of records; empty for all.</summary>
    public IReadOnlySet<AuditKind> Kinds { get; init; } = new HashSet<AuditKind>();

    /// <summary>Whether it asks for whom or about whom: what only the first record of an exchange says.</summary>
    public bool HasSubject => Persons.Count > 0 || About.Count > 0;

    /// <summary>Whether nothing is left out.</summary>
    public bool IsEverything => !HasSubject && Consumer is null && Route is null && Since is null && Until is null && Decision == AuditDecision.None
        && Problem is null && RequestId is null && Kinds.Count == 0;

    private static IReadOnlySet<string> Nothing { get; } = new HashSet<string>();

    /// <summary>Whether this is one of them.</summary>
    public bool Takes(FoundRecord found)
    {
        var record = found.Record;
        return (Since is not { } since || record.Time >= since)
            && (Until is not { } until || record.Time < until)
            && (Consumer is null || (record.Consumer ?? found.Intent?.Record.Consumer) == Consumer)
            && (Route is null || (record.Route ?? found.Intent?.Record.Route) == Route)
            && (Decision == AuditDecision.None || record.Decided() == Decision)
            && (Problem is null || record.Problem == Problem)
            && (RequestId is null || record.RequestId == RequestId || record.Intent == RequestId)
            && (Kinds.Count == 0 || Kinds.Contains(record.Kind))
            && (Persons.Count == 0 || (found.Person is { } person && Persons.Contains(person)))
            && (About.Count == 0 || found.About.Any(a => About.Contains(RecordWriter.Join(a))));
    }
}

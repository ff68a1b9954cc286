namespace Gatehouse.Register;

/// <summary>What can be suspended.</summary>
internal enum SuspendedKind
{
    Consumer,
    Route,
    Credential,
}

/// <summary>That something is not to pass for a while, whatever the declaration says.</summary>
/// <param name="Name">A consumer's name, a route's id, or a credential's id as the access log has it.</param>
/// <param name="Until">The first instant at which it may pass again by itself; null for when somebody says so.</param>
internal sealed record Suspension(SuspendedKind Kind, string Name, DateTimeOffset Since, DateTimeOffset? Until, string By, string Reason)
{
    /// <summary>That somebody has said so; null while nobody has.</summary>
    public Ending? Resumed { get; init; }

    /// <summary>When this was last said anew.</summary>
    public DateTimeOffset Changed => Resumed?.At ?? Since;

    public bool IsInForceAt(DateTimeOffset now) => Resumed is null && (Until is not { } end || now < end);

    public static string Word(SuspendedKind kind) => kind switch
    {
        SuspendedKind.Consumer => "consumer",
        SuspendedKind.Route => "route",
        SuspendedKind.Credential => "credential",
    };

    /// <summary>The kind of a word; null for one that this version does not know.</summary>
    public static SuspendedKind? KindOf(string word) => word switch
    {
        "consumer" => SuspendedKind.Consumer,
        "route" => SuspendedKind.Route,
        "credential" => SuspendedKind.Credential,
        _ => null,
    };
}

using Gatehouse.Configuration;
using Gatehouse.Declaration.Checks;
using Gatehouse.Stores;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>postgres</c> of <c>stores</c>: the database that instances share.</summary>
internal static class PostgresSection
{
    private static readonly TimeSpan UsualTimeout = TimeSpan.FromSeconds(2);

    public static readonly Key<string> Connection = new("connection", SecretReference.Shape,
        "Where it says how to connect, file:PATH or env:NAME: Host=…;Port=…;Database=…;Username=…;Password=… and nothing else.")
    {
        Required = true,
    };

    public static readonly Key<string> Authorities = new("authorities", DecisionShapes.File(),
        "A PEM file with the authorities that it is trusted by; the system's unless written. It is spoken to over TLS, except on loopback "
        + "without authorities.");

    private static readonly Key<TimeSpan> Timeout = new("timeout", Shapes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30)),
        "How long it may take to connect, and how long a question may take; 2s unless written.");

    public static readonly Section<SectionReader> Shape = new("a postgres store", [Connection, Authorities, Timeout], text => text);

    /// <summary>What the environment says of it: where it is, and how it is reached.</summary>
    public static IReadOnlyList<Key> Placing { get; } = [Connection, Authorities];

    /// <summary>The store as far as its text goes, or null when it says too little.</summary>
    public static PostgresSettings? Read(SectionReader text, NamedFiles files)
    {
        var (connection, timeout) = (text.Find(Connection), text.Get(Timeout, UsualTimeout));
        var authorities = text.Find(Authorities) is { } file ? AuthoritiesFile.Read(file, files) : null;
        if (connection is not { } reference || SecretReference.Resolve(reference, "connection of the postgres store", 1, files) is not { } secret)
            return null;
        if (PostgresSettings.Parse(secret, out var why) is not { } settings)
        {
            files.Findings.Add(Rules.UnusableFile, reference.Place, $"the connection of the postgres store cannot be used: {why}",
                "Host=10.0.4.2;Port=5432;Database=gatehouse;Username=gatehouse;Password=…");
            return null;
        }

        if (!settings.IsSocket && (!Uri.TryCreate($"https://{HostOf(settings)}:{settings.Port}", UriKind.Absolute, out var uri)
            || Destinations.IsNobodysService(uri)))
        {
            files.Findings.Add(Rules.ForbiddenDestination, reference.Place,
                "the connection of the postgres store leads to no host, or to one that is link-local or a metadata service");
            return null;
        }

        return text.Has(Authorities) && authorities is null ? null : settings with { Authorities = authorities, Timeout = timeout };
    }

    private static string HostOf(PostgresSettings settings) =>
        settings.Host.Contains(':', StringComparison.Ordinal) && settings.Host[0] != '[' ? $"[{settings.Host}]" : settings.Host;
}

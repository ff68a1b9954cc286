using Gatehouse.Configuration;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>stores</c>: where the gateway keeps what has to outlive it, or what it shares with others.</summary>
internal static class StoresSection
{
    public static readonly Key<string> Sqlite = new(
        "sqlite",
        DecisionShapes.File(),
        "The file of this one instance (SQLite) in which it keeps what was spent of quotas, and remembers what a shared store has said of those that are shared. It is made, with mode 0600, where there is none.");

    public static readonly Key<SectionReader> Redis = new(
        "redis",
        RedisSection.Shape,
        "A server that speaks the protocol of Redis, in which instances count limits together.");

    public static readonly Key<SectionReader> Postgres = new(
        "postgres",
        PostgresSection.Shape,
        "A PostgreSQL database, in which instances keep together what has to outlive them.");

    public static readonly Section<StoresText> Shape = new("stores", [Sqlite, Redis, Postgres],
        text => new StoresText(text.Find(Sqlite)) { Redis = text.Find(Redis), Postgres = text.Find(Postgres) });
}

/// <param name="Sqlite">The file as written, or null.</param>
internal sealed record StoresText(Located<string>? Sqlite)
{
    /// <summary>What stands there of the store that instances share, or null.</summary>
    public Located<SectionReader>? Redis { get; init; }

    /// <summary>What stands there of the database that instances share, or null.</summary>
    public Located<SectionReader>? Postgres { get; init; }
}

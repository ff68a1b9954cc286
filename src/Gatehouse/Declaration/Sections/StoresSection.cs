using Gatehouse.Configuration;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>stores</c>: where the gateway keeps what has to outlive it, or what it shares with others.</summary>
internal static class StoresSection
{
    public static readonly Key<string> Sqlite = new(
        "sqlite",
        DecisionShapes.File(),
        "The file of this one instance in which it keeps what was spent of quotas (SQLite). It is made, with mode 0600, where there is none.");

    public static readonly Section<StoresText> Shape = new("stores", [Sqlite], text => new StoresText(text.Find(Sqlite)));
}

/// <param name="Sqlite">The file as written, or null.</param>
internal sealed record StoresText(Located<string>? Sqlite);

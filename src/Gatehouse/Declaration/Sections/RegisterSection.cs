using Gatehouse.Configuration;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>register</c>: where keys that are issued, and what is suspended, are kept: what changes without a deployment.</summary>
internal static class RegisterSection
{
    private static readonly TimeSpan UsualAge = TimeSpan.FromHours(1);

    public static readonly Key<RegisterPlace> Store = new("store",
        Shapes.OneOf(("sqlite", RegisterPlace.Sqlite), ("postgres", RegisterPlace.Postgres)),
        "Which of 'stores' it is in: sqlite for one instance, postgres for several.")
    {
        Required = true,
    };

    public static readonly Key<string> Kept = new("kept", DecisionShapes.File(),
        "The file in which each instance keeps what it knows, sealed, with mode 0600: it holds while the store cannot be read, and after a restart.")
    {
        Required = true,
    };

    private static readonly Key<TimeSpan> MaxAge = new("maxAge", Shapes.Duration(TimeSpan.FromSeconds(5), TimeSpan.FromDays(7)),
        "For how long issued keys are taken by what is known while the store cannot be read; 1h unless written. What is suspended stays so.");

    public static readonly Section<RegisterText> Shape = new("a register", [Store, Kept, MaxAge], text =>
    {
        var (store, kept, age) = (text.Find(Store), text.Find(Kept), text.Get(MaxAge, UsualAge));
        return store is null || kept is null ? null : new RegisterText(store.Value, kept.Value, age);
    });
}

internal enum RegisterPlace
{
    Sqlite,
    Postgres,
}

/// <param name="Kept">The file as written.</param>
internal sealed record RegisterText(Located<RegisterPlace> Store, Located<string> Kept, TimeSpan MaxAge);

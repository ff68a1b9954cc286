using System.Text;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Stores;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>audit</c>: where the trail of what has to be accounted for is kept, and what it is signed with.</summary>
internal static class AuditSection
{
    public static readonly Key<string> Store = new(
        "store",
        DecisionShapes.File(),
        "The file of this one instance in which the trail is kept (SQLite): it is made, with mode 0600, where there is none. Or 'postgres': then it is in stores.postgres, where instances keep theirs together.")
    {
        Required = true,
    };

    public static readonly Key<string> Key = new(
        "key",
        SecretReference.Shape,
        "Where the private key is that signs checkpoints of the trail (EC P-256, PEM): file:PATH or env:NAME. It belongs away from the store.")
    {
        Required = true,
    };

    public static readonly Key<IReadOnlyList<Located<string>>> Former = new(
        "former",
        Shapes.List(new LocatedShape<string>(DecisionShapes.File()), 1, 10),
        "The files of the public keys (PEM) of those that signed before, so that the trail goes on when the key is replaced.");

    public static readonly Key<CheckpointsText> Checkpoints = new(
        "checkpoints", CheckpointsSection.Shape, "How often the trail is signed, and where else the signatures go.");

    public static readonly Key<InvestigationText> Investigation = new(
        "investigation", InvestigationSection.Shape, "Under what secrets it is kept whose data an exchange was about. Needed where a route says 'about'.");

    private static readonly Key<TimeSpan> Retain = new(
        "retain", Shapes.Duration(TimeSpan.FromDays(1), TimeSpan.FromDays(3660)), "How long records are kept; as long as the store unless written. Then their content goes, and their hashes stay.");

    /// <summary>What an environment may say: where, and under which keys.</summary>
    public static readonly Key[] Placing = [Store, Key, Former, Investigation];

    public static readonly Section<AuditText> Shape = new("audit", [Store, Key, Former, Checkpoints, Investigation, Retain], Read);

    /// <summary>What stands for the database instead of a file; a file of that name is <c>./postgres</c>.</summary>
    public const string InPostgres = "postgres";

    /// <summary>The trail with its keys; null when one of them cannot be had, and then a finding says why.</summary>
    public static TrailDeclaration? Read(AuditText text, Place place, RootText root, PostgresSettings? postgres, NamedFiles files)
    {
        var key = CheckpointKeyOf(text.Key, files, out var secret);
        var investigation = new List<InvestigationKey>(text.InvestigationKeys.Count);
        foreach (var reference in text.InvestigationKeys)
        {
            if (SecretReference.Resolve(reference, "investigation key", InvestigationKey.LeastBytes, files) is not { } found) continue;
            var made = new InvestigationKey(found.Bytes);
            if (investigation.Exists(k => k.Id == made.Id))
                files.Findings.Add(
                    Rules.DuplicateKey, reference.Place, $"'{Show.Bounded(reference.Value)}' is a key that stands in the list already");
            else investigation.Add(made);
        }

        List<CheckpointVerifier> former = [.. text.Former.Select(f => FormerKeyOf(f, files)).OfType<CheckpointVerifier>()];
        var isShared = text.Store.Value == InPostgres;
        if (isShared && root.Stores?.Postgres is null && (root.Stores is not null || !root.SaysStores))
            files.Findings.Add(Rules.UnknownReference, text.Store.Place, "the trail is to be in 'postgres', which 'stores' does not name",
                "stores: { postgres: { connection: \"file:PATH\" } }; a file of that name is ./postgres");
        if ((isShared && postgres is null) || key is null) return null;
        if (investigation.Count < text.InvestigationKeys.Count || former.Count < text.Former.Count) return null;
        return new TrailDeclaration
        {
            File = isShared ? null : SourceFiles.Beside(text.Store.Place.File, text.Store.Value),
            Postgres = isShared ? postgres : null,
            Retain = text.Retain,
            Key = key,
            FormerKeys = former,
            CheckpointEvery = text.Checkpoints.Every,
            CheckpointWithin = text.Checkpoints.Within,
            Copies = text.Checkpoints.Copy is { } copy ? SourceFiles.Beside(copy.Place.File, copy.Value) : null,
            Subjects = investigation.Count > 0 ? investigation[0] : InvestigationKey.From(secret, "gatehouse audit"u8),
            Place = place,
        };
    }

    private static CheckpointKey? CheckpointKeyOf(Located<string> reference, NamedFiles files, out byte[] secret)
    {
        secret = [];
        if (SecretReference.Resolve(reference, "audit key", 1, files) is not { } pem) return null;
        secret = pem.Bytes;
        if (CheckpointKey.Read(pem, out var fault) is { } key) return key;
        files.Findings.Add(Rules.UnusableFile, reference.Place, $"'{Show.Bounded(reference.Value)}' cannot sign the trail: {fault}",
            "make one with: gatehouse key init FILE --audit");
        return null;
    }

    private static CheckpointVerifier? FormerKeyOf(Located<string> written, NamedFiles files)
    {
        if (files.Read(written, "former audit key") is not { } file) return null;
        if (CheckpointVerifier.Read(Encoding.UTF8.GetString(file.Bytes)) is { } key) return key;
        files.Findings.Add(Rules.UnusableFile, written.Place, $"'{Show.Bounded(written.Value)}' holds no public key in PEM on the curve P-256");
        return null;
    }

    private static AuditText? Read(SectionReader text)
    {
        var (store, key) = (text.Find(Store), text.Find(Key)); // each is read, so that each is complained about
        var (former, checkpoints, investigation) = (text.Get(Former), text.Get(Checkpoints), text.Get(Investigation));
        TimeSpan? retain = text.Has(Retain) ? text.Get(Retain, default) : null;
        return store is { } file && key is { } signs
            ? new AuditText(file, signs, former ?? [], checkpoints ?? CheckpointsText.Usual, investigation?.Keys ?? [], retain)
            : null;
    }
}

/// <param name="Store">The file as written, or the word for the database.</param>
/// <param name="Key">The reference to the key that signs.</param>
/// <param name="Former">The files of the public keys of those that signed before.</param>
/// <param name="InvestigationKeys">The references to the keys under which it is kept whom an exchange was about: the first is used.</param>
internal sealed record AuditText(
    Located<string> Store,
    Located<string> Key,
    IReadOnlyList<Located<string>> Former,
    CheckpointsText Checkpoints,
    IReadOnlyList<Located<string>> InvestigationKeys,
    TimeSpan? Retain);

/// <summary><c>checkpoints</c> of <c>audit</c>.</summary>
internal static class CheckpointsSection
{
    public static readonly Key<int> Every = new(
        "every", Shapes.Whole(1, 1_000_000), "After how many records the trail is signed; 1000 unless written.");

    public static readonly Key<TimeSpan> Within = new("within", Shapes.Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)),
        "After how long it is signed at the latest when something was recorded; 10s unless written.");

    public static readonly Key<string> Copy = new("copy", DecisionShapes.File(),
        "A folder that gets a copy of each checkpoint: on another machine, or it proves little.");

    public static readonly Section<CheckpointsText> Shape = new("checkpoints", [Every, Within, Copy], text =>
        new CheckpointsText(text.Get(Every, CheckpointsText.Usual.Every), text.Get(Within, CheckpointsText.Usual.Within), text.Find(Copy)));
}

/// <param name="Copy">The folder as written; null for none.</param>
internal sealed record CheckpointsText(int Every, TimeSpan Within, Located<string>? Copy)
{
    public static readonly CheckpointsText Usual = new(1000, TimeSpan.FromSeconds(10), null);
}

/// <summary><c>investigation</c> of <c>audit</c>.</summary>
internal static class InvestigationSection
{
    public static readonly Key<IReadOnlyList<Located<string>>> Keys = new(
        "keys",
        Shapes.List(new LocatedShape<string>(SecretReference.Shape), 1, 10),
        "Where the secrets are, at least 32 bytes each. The first is used, all are searched with; who destroys one erases what was kept under it.")
    {
        Required = true,
    };

    public static readonly Section<InvestigationText> Shape = new(
        "investigation", [Keys], text => text.Get(Keys) is { } keys ? new InvestigationText(keys) : null);
}

internal sealed record InvestigationText(IReadOnlyList<Located<string>> Keys);

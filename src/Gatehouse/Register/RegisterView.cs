using System.Collections.Frozen;

namespace Gatehouse.Register;

/// <summary>What an instance looks at while it serves: one immutable reference, with nothing to wait for.</summary>
internal sealed class RegisterView
{
    private readonly FrozenDictionary<string, KnownKey> _keys;
    private readonly FrozenDictionary<string, KnownKey>.AlternateLookup<ReadOnlySpan<char>> _keysBySpan;
    private readonly FrozenDictionary<string, Suspension>[] _suspended = new FrozenDictionary<string, Suspension>[3];
    private readonly FrozenDictionary<string, Suspension>.AlternateLookup<ReadOnlySpan<char>> _credentials;

    private RegisterView(RegisterContent? content, RegisterView? before)
    {
        IsKnown = content is not null;
        content ??= RegisterContent.Empty;
        _keys = content.Keys.Select(k => before?.Find(k.Id) is { } known && known.Key == k ? known : new KnownKey(k))
            .ToFrozenDictionary(k => k.Key.Id, StringComparer.Ordinal);
        _keysBySpan = _keys.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var kind in (ReadOnlySpan<SuspendedKind>)[SuspendedKind.Consumer, SuspendedKind.Route, SuspendedKind.Credential])
            _suspended[(int)kind] = content.Suspensions.Where(s => s.Kind == kind && s.Resumed is null)
                .ToFrozenDictionary(s => s.Name, StringComparer.Ordinal);
        _credentials = Of(SuspendedKind.Credential).GetAlternateLookup<ReadOnlySpan<char>>();
        IsQuiet = IsKnown && Of(SuspendedKind.Consumer).Count + Of(SuspendedKind.Route).Count == 0;
        HasCredentials = Of(SuspendedKind.Credential).Count > 0;
    }

    /// <summary>Nothing was ever read: nobody can say what is suspended.</summary>
    public static RegisterView Unknown { get; } = new(null, null);

    public bool IsKnown { get; }

    /// <summary>Whether it is known that no consumer and no route is suspended.</summary>
    public bool IsQuiet { get; }

    /// <summary>Whether some credential is suspended.</summary>
    public bool HasCredentials { get; }

    public int Keys => _keys.Count;

    /// <summary>How many suspensions nobody has taken back.</summary>
    public int Suspended => _suspended.Sum(s => s.Count);

    /// <param name="before">What was made of a key before is kept where the key is the same.</param>
    public static RegisterView Of(RegisterContent content, RegisterView? before = null) => new(content, before);

    public KnownKey? Find(ReadOnlySpan<char> id) => _keysBySpan.TryGetValue(id, out var key) ? key : null;

    public Suspension? FindConsumer(string name) => Of(SuspendedKind.Consumer).GetValueOrDefault(name);

    public Suspension? FindRoute(string id) => Of(SuspendedKind.Route).GetValueOrDefault(id);

    public Suspension? FindCredential(ReadOnlySpan<char> id) => _credentials.TryGetValue(id, out var suspension) ? suspension : null;

    private FrozenDictionary<string, Suspension> Of(SuspendedKind kind) => _suspended[(int)kind];
}

/// <summary>An issued key as an instance knows it: another object as soon as anything about the key is another.</summary>
internal sealed class KnownKey(IssuedKey key)
{
    public IssuedKey Key { get; } = key;

    /// <summary>What was made of it last, so that it need not be made for each exchange: replaced as a whole, never changed.</summary>
    public object? Resolved { get; set; }
}

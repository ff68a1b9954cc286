using System.Text;

namespace Gatehouse.Consumers;

/// <summary>
/// Everything that is said of a caller, as one value: equal for every credential by which the same caller comes with the same rights, so that
/// what was made for one serves the next. It holds what is personal, and is never for a log.
/// </summary>
internal sealed class CallerIdentity : IEquatable<CallerIdentity>
{
    /// <summary>One for each thread: an identity is made for every token that is new.</summary>
    [ThreadStatic]
    private static StringBuilder? _writer;

    private readonly string _text;
    private readonly int _hash;

    private CallerIdentity(string text) => (_text, _hash) = (text, string.GetHashCode(text, StringComparison.Ordinal));

    /// <summary>Nobody in particular.</summary>
    public static CallerIdentity Anonymous { get; } = new("");

    public static CallerIdentity Of(Caller caller)
    {
        var text = (_writer ??= new StringBuilder(256)).Clear();
        Add(text, caller.Consumer.Id.Value);
        Add(text, caller.CredentialKind);
        Add(text, caller.Person?.Issuer ?? "");
        Add(text, caller.Person?.Subject ?? "");
        Add(text, caller.People);
        Add(text, caller.Actors);
        Add(text, caller.ScopesInOrder());
        return new CallerIdentity(text.ToString());
    }

    public bool Equals(CallerIdentity? other) =>
        ReferenceEquals(this, other) || (other is not null && other._hash == _hash && string.Equals(other._text, _text, StringComparison.Ordinal));

    public override bool Equals(object? obj) => Equals(obj as CallerIdentity);

    public override int GetHashCode() => _hash;

    /// <summary>Nothing of a person is shown by accident.</summary>
    public override string ToString() => nameof(CallerIdentity);

    private static void Add(StringBuilder text, IReadOnlyList<string> values)
    {
        text.Append(values.Count).Append(';');
        foreach (var value in values) Add(text, value);
    }

    /// <summary>The length goes first, so that no two callers have the same text.</summary>
    private static void Add(StringBuilder text, string value) => text.Append(value.Length).Append(':').Append(value);
}

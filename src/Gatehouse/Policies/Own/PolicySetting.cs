using System.Diagnostics.CodeAnalysis;
using Gatehouse.Configuration;

namespace Gatehouse.Policies.Own;

/// <summary>
/// A setting of a policy of one's own, as a route writes it under <c>policies</c>. It is read with place and bounds, and described in the
/// schema, like every key of a declaration.
/// </summary>
public abstract class PolicySetting
{
    private protected PolicySetting(Key key) => Key = key;

    internal Key Key { get; }

    /// <summary>Text.</summary>
    /// <param name="name">As it is written: <c>opensAt</c>.</param>
    /// <param name="doc">What it means, in one or two sentences, for editors.</param>
    /// <param name="longest">The most characters, up to 500.</param>
    public static PolicySetting<string> Text(string name, string doc, bool required = false, int longest = 200) =>
        new(Made(name, Shapes.Text(Math.Clamp(longest, 1, 500)), doc, required));

    /// <summary>A whole number within bounds, both included.</summary>
    public static PolicySetting<int> Whole(string name, string doc, int least, int most, bool required = false) =>
        new(Made(name, Shapes.Whole(least, most), doc, required));

    /// <summary>A span of time such as <c>500ms</c>, <c>30s</c>, <c>5m</c>, within bounds, both included.</summary>
    public static PolicySetting<TimeSpan> Duration(string name, string doc, TimeSpan least, TimeSpan most, bool required = false) =>
        new(Made(name, Shapes.Duration(least, most), doc, required));

    /// <summary>True or false.</summary>
    public static PolicySetting<bool> Flag(string name, string doc, bool required = false) => new(Made(name, Shapes.Flag(), doc, required));

    /// <summary>One of a closed list of words.</summary>
    public static PolicySetting<string> Word(string name, string doc, IReadOnlyList<string> words, bool required = false) =>
        new(Made(name, Shapes.OneOf([.. words.Select(w => (w, w))]), doc, required));

    /// <summary>A list of texts.</summary>
    /// <param name="most">The most entries, up to 1000.</param>
    public static PolicySetting<IReadOnlyList<string>> Texts(string name, string doc, bool required = false, int most = 100) =>
        new(Made(name, Shapes.List(Shapes.Text(), 1, Math.Clamp(most, 1, 1000)), doc, required));

    internal abstract object? Read(SectionReader reader);

    private static Key<T> Made<T>(string name, Shape<T> shape, string doc, bool required)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentException.ThrowIfNullOrWhiteSpace(doc);
        return new Key<T>(name, shape, doc) { Required = required };
    }
}

/// <summary>A setting whose values are read as <typeparamref name="T"/>.</summary>
public sealed class PolicySetting<T> : PolicySetting
    where T : notnull
{
    private readonly Key<T> _key;

    internal PolicySetting(Key<T> key)
        : base(key) => _key = key;

    internal override object? Read(SectionReader reader) => reader.Find(_key) is { } found ? found.Value : null;
}

/// <summary>What a route says for one policy of one's own.</summary>
public sealed class PolicySettings
{
    private readonly Dictionary<PolicySetting, object> _values;

    internal PolicySettings(Dictionary<PolicySetting, object> values) => _values = values;

    /// <summary>The value of a setting that is required.</summary>
    /// <exception cref="InvalidOperationException">The setting is not required, and not written.</exception>
    public T Get<T>(PolicySetting<T> setting)
        where T : notnull
        => TryGet(setting, out var value) ? value : throw new InvalidOperationException($"the setting '{setting?.Key.Name}' is not written");

    /// <summary>The value that is written, or another.</summary>
    public T Get<T>(PolicySetting<T> setting, T otherwise)
        where T : notnull
        => TryGet(setting, out var value) ? value : otherwise;

    /// <summary>Whether the setting is written, and its value.</summary>
    public bool TryGet<T>(PolicySetting<T> setting, [MaybeNullWhen(false)] out T value)
        where T : notnull
    {
        ArgumentNullException.ThrowIfNull(setting);
        value = default;
        if (!_values.TryGetValue(setting, out var found)) return false;
        value = (T)found;
        return true;
    }
}

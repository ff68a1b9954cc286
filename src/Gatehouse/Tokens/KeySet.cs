using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Configuration;

namespace Gatehouse.Tokens;

/// <summary>The usable keys of an issuer. Immutable.</summary>
internal sealed class KeySet
{
    private const int MostKeys = 100;

    private readonly FrozenDictionary<string, SigningKey> _byId;

    public KeySet(IReadOnlyList<SigningKey> keys)
    {
        All = keys;
        _byId = keys.Where(k => k.Id is not null).ToFrozenDictionary(k => k.Id!, StringComparer.Ordinal);
    }

    public IReadOnlyList<SigningKey> All { get; }

    /// <summary>Reads a JWK set (RFC 7517 section 5). Null when it has no usable key.</summary>
    /// <param name="odd">What is odd about keys that are not used, one text each: for the operator.</param>
    public static KeySet? TryRead(byte[] json, IReadOnlyList<SigningAlgorithm> algorithms, List<string> odd)
    {
        using var document = TokenText.Parse(json);
        if (document is null || !document.RootElement.TryGetProperty("keys"u8, out var written) || written.ValueKind != JsonValueKind.Array
            || written.GetArrayLength() > MostKeys)
            return null;
        try
        {
            var read = new List<SigningKey>();
            foreach (var jwk in written.EnumerateArray())
            {
                if (SigningKey.TryRead(jwk, algorithms, out var why) is { } key) read.Add(key);
                else if (why.Length > 0) odd.Add($"the key {NameOf(jwk)} {why}");
            }

            var usable = WithoutTwins(read, odd);
            return usable.Count == 0 ? null : new KeySet(usable);
        }
        catch (InvalidOperationException)
        {
            return null; // half of a surrogate pair in a text
        }
    }

    /// <summary>Whether there is a key with this id, for whatever algorithm.</summary>
    public bool Knows(string id) => _byId.ContainsKey(id);

    /// <summary>The key with exactly this id, or without an id the only one for the algorithm; null when there is none.</summary>
    public SigningKey? Find(string? id, SigningAlgorithm algorithm)
    {
        if (id is not null) return _byId.TryGetValue(id, out var named) && named.Serves(algorithm) ? named : null;
        SigningKey? only = null;
        foreach (var key in All)
        {
            if (!key.Serves(algorithm)) continue;
            if (only is not null && only.Material != key.Material) return null;
            only ??= key;
        }

        return only;
    }

    /// <summary>Of two different keys with one id, nobody can say which was meant.</summary>
    private static List<SigningKey> WithoutTwins(List<SigningKey> keys, List<string> odd)
    {
        var usable = keys.Where(k => k.Id is null).ToList();
        foreach (var group in keys.Where(k => k.Id is not null).GroupBy(k => k.Id, StringComparer.Ordinal))
        {
            var first = group.First();
            if (group.All(k => k.IsSameAs(first))) usable.Add(first);
            else odd.Add($"the id '{Show.Bounded(first.Id!)}' stands for different keys");
        }

        return usable;
    }

    private static string NameOf(JsonElement jwk) =>
        jwk.ValueKind == JsonValueKind.Object && SigningKey.TextOf(jwk, "kid") is { } id ? $"'{Show.Bounded(id)}'" : "without an id";
}

using System.Collections.Frozen;

namespace Gatehouse.Consumers;

/// <summary>
/// Finds consumers by name and by what they present, and the people whom tokens speak for. Every proof belongs to one consumer. Immutable: a change
/// of the declaration makes another one.
/// </summary>
internal sealed class ConsumerDirectory
{
    private readonly FrozenDictionary<string, Consumer> _byName;
    private readonly FrozenDictionary<string, ApiKeyHolder> _byKeyId;
    private readonly FrozenDictionary<string, ApiKeyHolder>.AlternateLookup<ReadOnlySpan<char>> _byKeyIdSpan;
    private readonly FrozenDictionary<TokenBinding, Consumer> _byToken;
    private readonly FrozenDictionary<string, Consumer> _byCertificate;
    private readonly int _declared;

    public ConsumerDirectory(IEnumerable<Consumer> consumers, IEnumerable<PeopleGroup>? people = null)
    {
        _byName = consumers.ToFrozenDictionary(c => c.Id.Value, StringComparer.Ordinal);
        People = [.. people ?? []];
        var entries = _byName.Values.SelectMany(c => c.Authenticate.Select(a => (Consumer: c, Entry: a))).ToList();
        _byKeyId = entries.Where(e => e.Entry.ApiKey is not null)
            .Select(e => new ApiKeyHolder(e.Consumer, e.Entry.ApiKey!))
            .ToFrozenDictionary(h => h.Key.Id, StringComparer.Ordinal);
        _byKeyIdSpan = _byKeyId.GetAlternateLookup<ReadOnlySpan<char>>();
        _byToken = entries.Where(e => e.Entry.Token is not null).Select(e => (Proof: e.Entry.Token!, e.Consumer)).Distinct()
            .ToFrozenDictionary(e => e.Proof, e => e.Consumer);
        _byCertificate = entries.Where(e => e.Entry.Certificate is not null).Select(e => (e.Entry.Certificate!.Proof, e.Consumer)).Distinct()
            .ToFrozenDictionary(e => e.Proof, e => e.Consumer, StringComparer.Ordinal);
        foreach (var (_, entry) in entries)
        {
            _declared |= 1 << (int)entry.Kinds;
            TakesIssuedKeys |= entry.Issued;
        }
    }

    public IReadOnlyCollection<Consumer> All => _byName.Values;

    public IReadOnlyList<PeopleGroup> People { get; }

    /// <summary>Whether some consumer may call with keys that are issued for it.</summary>
    public bool TakesIssuedKeys { get; }

    public Consumer? Find(ConsumerId id) => _byName.GetValueOrDefault(id.Value);

    /// <summary>Whether some consumer declares exactly these kinds of credentials together.</summary>
    public bool Declares(CredentialKinds kinds) => (_declared & (1 << (int)kinds)) != 0;

    /// <summary>The holder of the API key with this public id, live or not.</summary>
    public ApiKeyHolder? FindByKeyId(ReadOnlySpan<char> id) => _byKeyIdSpan.TryGetValue(id, out var holder) ? holder : null;

    /// <summary>The consumer whose tokens these are.</summary>
    public Consumer? FindByToken(TokenBinding binding) => _byToken.GetValueOrDefault(binding);

    /// <summary>Whose certificate this is.</summary>
    /// <param name="several">Whether it is the certificate of more than one: then it is nobody's.</param>
    public Consumer? FindByCertificate(ClientCertificate certificate, out bool several)
    {
        several = false;
        var found = _byCertificate.GetValueOrDefault(certificate.SpkiDigest);
        var names = certificate.Names;
        for (var i = 0; i < names.Count; i++)
        {
            if (!_byCertificate.TryGetValue(names[i], out var named) || ReferenceEquals(named, found)) continue;
            several |= found is not null;
            found ??= named;
        }

        return several ? null : found;
    }

    /// <summary>The names of the groups that the person of a token is one of.</summary>
    public string[] PeopleOf(string issuer, TokenClaims claims)
    {
        var (names, count) = (new string[People.Count], 0);
        for (var i = 0; i < People.Count; i++)
            if (People[i].Have(issuer, claims)) names[count++] = People[i].Name;
        return count == names.Length ? names : names[..count];
    }
}

/// <summary>A consumer together with a key of its own: one that an entry of its <c>authenticate</c> names, or one that was issued for it.</summary>
internal sealed record ApiKeyHolder(Consumer Consumer, ApiKeyCredential Key)
{
    /// <summary>Whether the key is kept in the register, and not in the declaration.</summary>
    public bool IsIssued { get; init; }

    /// <summary>Who calls when the key alone is presented.</summary>
    public Caller Caller { get; } = new()
    {
        Consumer = Consumer,
        CredentialKind = "apiKey",
        CredentialId = Key.Id,
        Scopes = Consumer.Grants,
        Expires = Key.Revoked < Key.Expires ? Key.Revoked : Key.Expires,
    };
}

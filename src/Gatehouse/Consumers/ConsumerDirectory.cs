using System.Collections.Frozen;

namespace Gatehouse.Consumers;

/// <summary>Finds consumers by name and by what they present. Immutable: a change of the declaration makes another one.</summary>
internal sealed class ConsumerDirectory
{
    private readonly FrozenDictionary<string, Consumer> _byName;
    private readonly FrozenDictionary<string, ApiKeyHolder> _byKeyId;
    private readonly FrozenDictionary<string, ApiKeyHolder>.AlternateLookup<ReadOnlySpan<char>> _byKeyIdSpan;

    public ConsumerDirectory(IEnumerable<Consumer> consumers)
    {
        _byName = consumers.ToFrozenDictionary(c => c.Id.Value, StringComparer.Ordinal);
        _byKeyId = _byName.Values
            .SelectMany(c => c.Authenticate.Where(a => a.ApiKey is not null).Select(a => new ApiKeyHolder(c, a, a.ApiKey!)))
            .ToFrozenDictionary(h => h.Key.Id, StringComparer.Ordinal);
        _byKeyIdSpan = _byKeyId.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public IReadOnlyCollection<Consumer> All => _byName.Values;

    public Consumer? Find(ConsumerId id) => _byName.GetValueOrDefault(id.Value);

    /// <summary>The holder of the API key with this public id, live or not.</summary>
    public ApiKeyHolder? FindByKeyId(ReadOnlySpan<char> id) => _byKeyIdSpan.TryGetValue(id, out var holder) ? holder : null;
}

/// <summary>A consumer together with the entry of its <c>authenticate</c> that names the key.</summary>
internal sealed record ApiKeyHolder(Consumer Consumer, Authentication Entry, ApiKeyCredential Key)
{
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

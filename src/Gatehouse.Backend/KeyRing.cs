using Microsoft.IdentityModel.Tokens;

namespace Gatehouse.Backend;

/// <summary>
/// The gateway's public keys: fetched when they are first needed, renewed in time, and asked for anew when an assertion names a key that is not
/// among them; never more often than <see cref="GatehouseOptions.BetweenFetches"/>, and by one call at a time. What cannot be fetched or read never
/// empties the ring.
/// </summary>
internal sealed class KeyRing(GatehouseOptions options, TimeProvider clock) : IDisposable
{
    private const int MostBytes = 64 * 1024;
    private static readonly TimeSpan Reconnect = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly HttpClient? _client = options.KeysUrl is null ? null
        : new HttpClient(options.KeysHandler ?? new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = Reconnect })
        {
            Timeout = Patience,
            MaxResponseContentBufferSize = MostBytes,
        };

    private Held _held = new([], DateTimeOffset.MinValue);
    private long _triedAt = long.MinValue;

    /// <summary>Whether there are keys that may still be used.</summary>
    public bool IsUsable => clock.GetUtcNow() - _held.At < options.KeysLongestLifetime;

    /// <summary>The key with this id, or null.</summary>
    public async ValueTask<SecurityKey?> FindAsync(string id)
    {
        var held = Volatile.Read(ref _held);
        var (known, age) = (held.Keys.GetValueOrDefault(id), clock.GetUtcNow() - held.At);
        if (known is not null && age < options.KeysLifetime) return known;
        var renewing = RenewAsync(held);
        if (known is not null && age < options.KeysLongestLifetime) return known; // nobody waits for what is only renewed
        await renewing;
        return IsUsable ? Volatile.Read(ref _held).Keys.GetValueOrDefault(id) : null;
    }

    public void Dispose()
    {
        _client?.Dispose();
        _one.Dispose();
    }

    private async Task RenewAsync(Held seen)
    {
        if (HasTriedLately()) return;
        await _one.WaitAsync();
        try
        {
            if (!ReferenceEquals(seen, Volatile.Read(ref _held)) || HasTriedLately()) return; // somebody else was faster
            var keys = Read(await FetchAsync());
            if (keys.Count > 0) Volatile.Write(ref _held, new Held(keys, clock.GetUtcNow()));
            Volatile.Write(ref _triedAt, clock.GetTimestamp());
        }
        catch (Exception)
        {
            Volatile.Write(ref _triedAt, clock.GetTimestamp()); // the keys at hand are used until they are too old
        }
        finally
        {
            _one.Release();
        }
    }

    private bool HasTriedLately()
    {
        var last = Volatile.Read(ref _triedAt);
        return last != long.MinValue && clock.GetElapsedTime(last) < options.BetweenFetches;
    }

    private async Task<string> FetchAsync()
    {
        if (_client is null) return await File.ReadAllTextAsync(options.KeysFile!);
        using var response = await _client.GetAsync(options.KeysUrl);
        response.EnsureSuccessStatusCode(); // a redirect is none
        return await response.Content.ReadAsStringAsync();
    }

    /// <summary>The keys that can be an assertion's: of a kind and a size that the gateway uses, each with an id of its own.</summary>
    private static Dictionary<string, SecurityKey> Read(string json)
    {
        var keys = new Dictionary<string, SecurityKey>(StringComparer.Ordinal);
        foreach (var key in new JsonWebKeySet(json).Keys)
        {
            var fits = key switch
            {
                { Kty: "EC", Crv: "P-256", Alg: "ES256" } => true,
                { Kty: "RSA", Alg: "RS256" } => key.KeySize >= 2048,
                _ => false,
            };
            if (fits && !key.HasPrivateKey && key.Use is null or "sig" && key.Kid is { Length: > 0 and <= 256 } id) keys[id] = key;
        }

        return keys;
    }

    private sealed record Held(Dictionary<string, SecurityKey> Keys, DateTimeOffset At);
}

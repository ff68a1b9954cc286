using Gatehouse.Consumers;
using Gatehouse.Tokens;

namespace Gatehouse.Policies.Identify;

/// <summary>
/// Makes the caller of an entry whose credentials were all found good: once for each credential, as long as the declaration is in force.
/// </summary>
internal static class CallerMaking
{
    private const int DigestCharacters = 16;
    private const string DigestScheme = "sha256:";

    public static Caller Make(ConsumerDirectory directory, Consumer consumer, Authentication entry, in GoodCredentials good)
    {
        var certificate = entry.Certificate is null ? null : good.Certificate;
        if (good.Token is null && certificate is null) return good.Key!.Caller;
        var kept = good.Token is { } verified ? Resolution.Of(verified, directory) : Resolution.Of(certificate!, directory);
        if (kept.Last is { } last && last.IsFrom(entry, good.Key, certificate)) return last.Caller;
        var id = IdOf(good.Key, good.Token, certificate);
        var ends = Earliest(good.Key?.Caller.Expires, good.Token?.Expires, certificate?.Expires);
        var caller = good.Token is { } token ? OfToken(directory, consumer, entry, token, id, ends)
            : new Caller { Consumer = consumer, CredentialKind = entry.KindsText, CredentialId = id, Scopes = consumer.Grants, Expires = ends };
        kept.Last = new MadeCaller(entry, good.Key, certificate?.Thumbprint, caller);
        return caller;
    }

    private static Caller OfToken(
        ConsumerDirectory directory, Consumer consumer, Authentication entry, VerifiedToken token, string id, DateTimeOffset? ends)
    {
        var isForPerson = token.IsForPerson;
        return new Caller
        {
            Consumer = consumer,
            CredentialKind = entry.KindsText,
            CredentialId = id,
            Scopes = ScopesOf(consumer, token),
            Person = isForPerson ? new Person(token.Issuer, token.Subject!) : null,
            People = isForPerson ? directory.PeopleOf(token.Issuer, token.Claims) : [],
            Actors = token.Actors,
            Claims = token.Claims,
            Expires = ends,
        };
    }

    /// <summary>When the first of the credentials ends: then they do not prove anything together any more.</summary>
    private static DateTimeOffset? Earliest(DateTimeOffset? one, DateTimeOffset? two, DateTimeOffset? three) =>
        Earlier(one, Earlier(two, three));

    private static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) => one is null || other < one ? other ?? one : one;

    /// <summary>The token's scopes, cut down to the consumer's grants where these are written.</summary>
    private static IReadOnlySet<Scope> ScopesOf(Consumer consumer, VerifiedToken token) =>
        !consumer.BoundsTokens || token.Scopes.IsSubsetOf(consumer.Grants) ? token.Scopes : token.Scopes.Where(consumer.Grants.Contains).ToHashSet();

    private static string IdOf(ApiKeyHolder? key, VerifiedToken? token, ClientCertificate? certificate) =>
        token is not null && key is null && certificate is null ? token.Id :
        string.Join(
            '+', new[] { key?.Key.Id, token?.Id, certificate is null ? null : Short(certificate.SpkiDigest).ToString() }.Where(i => i is not null));

    /// <summary>The beginning of a digest: enough to tell certificates apart in a log.</summary>
    public static ReadOnlySpan<char> Short(string digest)
    {
        var text = digest.StartsWith(DigestScheme, StringComparison.Ordinal) ? digest.AsSpan(DigestScheme.Length) : digest;
        return text.Length <= DigestCharacters ? text : text[..DigestCharacters];
    }
}

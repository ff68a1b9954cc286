using System.Net;
using Gatehouse.Consumers;
using Gatehouse.Tokens;

namespace Gatehouse.Policies.Identify;

/// <summary>Credentials that were checked one by one and found good.</summary>
internal readonly record struct GoodCredentials(ApiKeyHolder? Key, VerifiedToken? Token, ClientCertificate? Certificate)
{
    public CredentialKinds Kinds =>
        (Key is null ? 0 : CredentialKinds.ApiKey)
        | (Token is null ? 0 : CredentialKinds.Token)
        | (Certificate is null ? 0 : CredentialKinds.Certificate);
}

/// <summary>
/// Finds the consumer whose credentials these are, all of them, by an entry of its <c>authenticate</c> that names exactly these kinds. Credentials
/// of different consumers never combine. A certificate that the token is bound to (RFC 8705 section 3) is a part of the token, unless an entry
/// names both: that one comes first. Of several entries that hold, the first one written counts.
/// </summary>
internal sealed class CallerSearch(ConsumerDirectory consumers, TimeProvider clock)
{
    public const string NotTogether = "kinds of credentials that no consumer declares together";
    public const string NobodysCertificate = "certificate: of no consumer";

    /// <summary>Who calls; otherwise null and the reason, as a constant text.</summary>
    /// <param name="ambiguous">Whether nobody can say whose the credentials are together.</param>
    public Caller? Find(in GoodCredentials good, IPAddress client, out string? reason, out bool ambiguous)
    {
        ambiguous = false;
        var kinds = good.Kinds;
        var bound = good is { Token.IsBoundToCertificate: true, Certificate: not null };
        if (!bound && !IsOne(kinds) && !consumers.Declares(kinds))
        {
            (reason, ambiguous) = (NotTogether, true);
            return null;
        }

        var consumer = ConsumerOf(good, bound, out reason, out ambiguous);
        if (consumer is null) return null;
        if (consumer.Addresses is { } rules && !rules.Admit(client, clock))
        {
            reason = "from an address that the consumer does not call from";
            return null;
        }

        var elsewhere = false;
        var entry = Choose(consumer, kinds, good, client, ref elsewhere);
        if (entry is null && bound) entry = Choose(consumer, kinds & ~CredentialKinds.Certificate, good, client, ref elsewhere);
        if (entry is not null) return CallerMaking.Make(consumers, consumer, entry, good);
        reason = elsewhere ? "from an address that the consumer's entry does not name"
            : "no entry of the consumer names exactly what was presented";
        return null;
    }

    /// <summary>Whether kinds could be those of some entry, before it is known what the token says.</summary>
    public bool CouldBeTogether(CredentialKinds kinds) =>
        IsOne(kinds) || consumers.Declares(kinds)
        || (kinds.Have(CredentialKinds.Token | CredentialKinds.Certificate) && CouldBeTogether(kinds & ~CredentialKinds.Certificate));

    private static bool IsOne(CredentialKinds kinds) => (kinds & (kinds - 1)) == 0;

    /// <summary>The one consumer that all credentials belong to.</summary>
    private Consumer? ConsumerOf(in GoodCredentials good, bool bound, out string? reason, out bool ambiguous)
    {
        ambiguous = false;
        var consumer = good.Key?.Consumer;
        if (good.Token is { } token)
        {
            var holder = Resolution.Of(token, consumers).Consumer;
            reason = holder is null ? "token: of a client that no consumer names" : Differ(consumer, holder);
            if (reason is not null) return null;
            consumer = holder;
        }

        if (good.Certificate is { } certificate)
        {
            var resolution = Resolution.Of(certificate, consumers);
            ambiguous = resolution.Several;
            reason = ambiguous ? "certificate: of more than one consumer"
                : resolution.Consumer is { } holder ? Differ(consumer, holder)
                : bound ? null : NobodysCertificate;
            if (reason is not null) return null;
            consumer ??= resolution.Consumer;
        }

        reason = null;
        return consumer;
    }

    private static string? Differ(Consumer? one, Consumer other) =>
        one is null || ReferenceEquals(one, other) ? null : "credentials of different consumers";

    /// <param name="elsewhere">Set when an entry would hold for a caller from another address.</param>
    private static Authentication? Choose(
        Consumer consumer, CredentialKinds kinds, in GoodCredentials good, IPAddress client, ref bool elsewhere)
    {
        var entries = consumer.Authenticate;
        for (var i = 0; i < entries.Count; i++)
        {
            var entry = entries[i];
            if (entry.Kinds != kinds || !Holds(entry, good)) continue;
            if (entry.Addresses is not { } from || from.Contain(client)) return entry;
            elsewhere = true;
        }

        return null;
    }

    private static bool Holds(Authentication entry, in GoodCredentials good)
    {
        if (entry.Issued ? good.Key is not { IsIssued: true } : entry.ApiKey is { } key && !ReferenceEquals(key, good.Key?.Key)) return false;
        if (entry.Token is { } binding && !(good.Token is { } token && Same(binding.Issuer, token.Issuer) && Same(binding.ClientId, token.ClientId)))
            return false;
        return entry.Certificate is not { } named || (good.Certificate is { } certificate && named.Matches(certificate));
    }

    private static bool Same(string a, string? b) => string.Equals(a, b, StringComparison.Ordinal);
}

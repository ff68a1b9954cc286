using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Register;

namespace Gatehouse.Policies.Identify;

/// <summary>
/// What the register says of credentials: which keys were issued, and which credentials are suspended. It is asked about all that was found good,
/// whoever remembered it: what is remembered, of a connection or of a token, does not outlive what the register says.
/// </summary>
/// <param name="consumers">The declaration's: it says which consumers take issued keys.</param>
internal sealed class IssuedKeys(ConsumerDirectory consumers, KnownRegister register, TimeProvider clock)
{
    public const string Unavailable = "api key: what is known of issued keys is too old";

    private const string Suspended = "credential: suspended";

    /// <summary>Whether nobody can say any more which keys were issued.</summary>
    public bool IsTooOld => consumers.TakesIssuedKeys && register.IsTooOld;

    /// <summary>The holder of the issued key with this public id, live or not; the same object for as long as nothing about it changes.</summary>
    public ApiKeyHolder? Find(ReadOnlySpan<char> id)
    {
        if (!consumers.TakesIssuedKeys || register.Current.Find(id) is not { } known) return null;
        if (known.Resolved is Bound bound && ReferenceEquals(bound.Directory, consumers)) return bound.Holder;
        var made = new Bound(consumers, HolderOf(known.Key));
        known.Resolved = made;
        return made.Holder;
    }

    /// <summary>Whether a key that was good before is what the declaration or the register has still.</summary>
    public bool IsAsItWas(ApiKeyHolder holder) => !holder.IsIssued || ReferenceEquals(Find(holder.Key.Id), holder);

    /// <summary>Why credentials that were found good are refused all the same; null when they are not.</summary>
    public Verdict? Objection(in GoodCredentials good)
    {
        if (good.Key is { IsIssued: true } && register.IsTooOld) return Verdict.Reject(Problems.IdentityUnavailable, Unavailable);
        var view = register.Current;
        return view.HasCredentials && IsSuspended(view, good) ? Verdict.Reject(Problems.Unauthenticated, Suspended) : null;
    }

    private bool IsSuspended(RegisterView view, in GoodCredentials good) =>
        (good.Key is { } key && IsInForce(view.FindCredential(key.Key.Id)))
        || (good.Token is { } token && IsInForce(view.FindCredential(token.Id)))
        || (good.Certificate is { } certificate && IsInForce(view.FindCredential(CallerMaking.Short(certificate.SpkiDigest))));

    private bool IsInForce(Suspension? suspension) => suspension is not null && suspension.IsInForceAt(clock.GetUtcNow());

    /// <summary>Null where the declaration has no such consumer, or that takes no issued keys: the declaration has the last word.</summary>
    private ApiKeyHolder? HolderOf(IssuedKey key)
    {
        if (consumers.Find(new ConsumerId(key.Consumer)) is not { } consumer || !consumer.Authenticate.Any(a => a.Issued)) return null;
        DateTimeOffset? revoked = key.Revoked is null ? null : DateTimeOffset.MinValue; // when it was said is by another machine's clock
        return new ApiKeyHolder(consumer, new ApiKeyCredential(key.Id, key.Hash, key.Expires, revoked)) { IsIssued = true };
    }

    private sealed record Bound(ConsumerDirectory Directory, ApiKeyHolder? Holder);
}

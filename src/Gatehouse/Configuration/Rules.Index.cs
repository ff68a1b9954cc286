using System.Collections.Frozen;

namespace Gatehouse.Configuration;

/// <summary>All rules, by id.</summary>
internal static partial class Rules
{
    // Made when it is asked for: parts of this class come from several files, in no certain order
    private static FrozenDictionary<string, Rule>? _byId;

    /// <summary>Every rule, in the order of the ids.</summary>
    public static IReadOnlyList<Rule> All => field ??=
    [
        NoAccess, Anonymous, KeyAlone, CatchAll, Method, Interlock, Administration, AdministrativePath, MissingDecision, Review, Lifecycle,
        Overlap, Wildcard, EffectMismatch, IssuerDecision, TokenAlgorithm, WeakKey, KeyAddress, TokenTimes, SharedIssuer,
        ClientCertificates, CertificateName, OpenNetwork, AddressAlone, TrustedProxy, ProxyRange, NoLimit, LargeBody, LongDeadline,
        Repetition, CleartextUpstream, ForbiddenDestination, ForwardedCredential, Adaptation, CrossOrigin, Unaccounted, InlineSecret, KeyLife,
        SingleDestination,
        CleartextListener, UnneededUpgrade, WaiverHolds, Unused, NotYaml, YamlTrick, DuplicateKey, UnknownKey, MissingKey, WrongType,
        NotYetEnforced, UnknownReference, Undecided, NoFile, Contradiction, UnusableFile, Include, SameAddress, NeedsRestart,
        UncheckedBackend, OperationWithoutRoute, RouteWithoutOperation, Environment, Bounds, Assertions,
        MirroredPeople, NoSubject,
    ];

    /// <summary>The rule with this id, or null.</summary>
    public static Rule? Find(string id) => (_byId ??= All.ToFrozenDictionary(r => r.Id, StringComparer.Ordinal)).GetValueOrDefault(id);
}

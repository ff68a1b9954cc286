namespace Gatehouse.Configuration;

/// <summary>The rules that judge decisions: what is exposed, to whom, and how it is guarded.</summary>
internal static partial class Rules
{
    public static readonly Rule NoAccess = new(
        "GH1001", "Every route says who may call it", Severity.Error,
        "A route without a caller in mind is open to whoever finds it.");
    public static readonly Rule Anonymous = new(
        "GH1002", "Anonymous calls only read what is public", Severity.Error,
        "Nobody can be held to account for, or limited in, what anybody may do.", Waivable: true);
    public static readonly Rule KeyAlone = new(
        "GH1003", "A key alone opens neither personal data nor changes", Severity.Error,
        "A key is copied easily and says nothing about who uses it.", Waivable: true);
    public static readonly Rule CatchAll = new(
        "GH1005", "No route takes every path", Severity.Error,
        "What the backend adds later would be exposed without a decision.", Waivable: true);
    public static readonly Rule Method = new(
        "GH1006", "A route names one method that backends may get", Severity.Error,
        "'*' exposes methods nobody decided on; TRACE and CONNECT are never for backends.");
    public static readonly Rule Interlock = new(
        "GH1007", "Exposures meet only listeners that are made for them", Severity.Error,
        "What is meant for few must not be reachable by many.");
    public static readonly Rule Administration = new(
        "GH1008", "The gateway's own administration is on loopback", Severity.Error,
        "Who reaches it sees everything that the gateway does.");
    public static readonly Rule AdministrativePath = new(
        "GH1009", "Paths that look administrative are not public", Severity.Error,
        "Such paths are found by scanners within hours.", Waivable: true);
    public static readonly Rule MissingDecision = new(
        "GH1010", "Every mandatory decision is written", Severity.Error,
        "A route is exposed when somebody has decided, not before.");
    public static readonly Rule Review = new(
        "GH1011", "Routes are looked at again when it was planned", Severity.Warning,
        "What was decided for good reasons outlives the reasons.");
    public static readonly Rule Lifecycle = new(
        "GH1012", "A route's end is dated, announced and leads on", Severity.Error,
        "Callers leave in time only when they are told when, and where to.");
    public static readonly Rule UncheckedBackend = new(
        "GH2016", "Backends keep checking for themselves", Severity.Error,
        "Behind a backend that trusts everybody, one mistake at the gateway opens everything.", Waivable: true);
    public static readonly Rule Overlap = new(
        "GH1013", "No two routes claim the same request", Severity.Error,
        "Which guard applies would depend on luck.");
    public static readonly Rule Wildcard = new(
        "GH1014", "Consumers and scopes are named one by one", Severity.Error,
        "A wildcard grants what nobody has thought of.");
    public static readonly Rule EffectMismatch = new(
        "GH1015", "Effect, method and scopes agree", Severity.Error,
        "A change behind a read's guard is not guarded.", Waivable: true);
    public static readonly Rule CertificateName = new(
        "GH1023", "Certificates are known by one exact name or key", Severity.Error,
        "A common name, a wildcard or a part of a name fits certificates that nobody has thought of.");
    public static readonly Rule OpenNetwork = new(
        "GH1024", "Allowed networks are narrow", Severity.Error,
        "A list that allows everybody is not a control.");
    public static readonly Rule AddressAlone = new(
        "GH1025", "An address alone proves nobody", Severity.Error,
        "Addresses are shared, reused and forged.");
    public static readonly Rule TrustedProxy = new(
        "GH1026", "Trusted proxies are few and counted", Severity.Error,
        "Whoever is trusted decides what address every rule sees.");
    public static readonly Rule LongDeadline = new(
        "GH1031", "Deadlines are at most a minute", Severity.Warning,
        "Long exchanges hold connections that others need.");
    public static readonly Rule CleartextUpstream = new(
        "GH1033", "Traffic to destinations is encrypted", Severity.Error,
        "Who listens on the way reads everything that the gateway protects.", Waivable: true);
    public static readonly Rule ForbiddenDestination = new(
        "GH1034", "Destinations are services", Severity.Error,
        "Metadata services give out credentials, and a gateway that calls itself never ends.");
    public static readonly Rule KeyLife = new(
        "GH1043", "A credential belongs to one consumer, and a key lives for a bounded time", Severity.Error,
        "A shared credential names nobody; an old key has been copied.");
    public static readonly Rule Unaccounted = new(
        "GH1041", "What has to be accounted for is recorded, under a key that is kept elsewhere", Severity.Warning,
        "Without a record nobody can say who did what, and who holds record and key can rewrite both.");
    public static readonly Rule SingleDestination = new(
        "GH1049", "Production upstreams have several destinations", Severity.Warning,
        "One server's restart is then everybody's outage.");
    public static readonly Rule CleartextListener = new(
        "GH1051", "Traffic from outside this machine is encrypted", Severity.Error,
        "Credentials and data would be readable on the way.");
    public static readonly Rule UnneededUpgrade = new(
        "GH1052", "Connections are upgraded only by GET", Severity.Error,
        "An upgraded connection escapes every check that acts on requests.");
    public static readonly Rule WaiverHolds = new(
        "GH1053", "Waivers are in force, bounded and needed", Severity.Error,
        "A waiver is a debt with a due date.");
    public static readonly Rule Unused = new(
        "GH1054", "What is declared is used", Severity.Warning,
        "What nobody uses is what nobody watches.");
}

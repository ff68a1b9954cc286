using System.Net;
using Gatehouse.Consumers;
using Gatehouse.Routes;
using Gatehouse.Telemetry;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Pipeline;

/// <summary>
/// One request and its response inside the gateway. It belongs to one revision of the declaration from start to end.
/// </summary>
public sealed class Exchange
{
    internal Exchange(HttpContext http, Listener listener, long revision, long startedAt, string requestId, PeerAddress peer)
    {
        Http = http;
        Listener = listener;
        Revision = revision;
        StartedAt = startedAt;
        RequestId = requestId;
        Peer = peer;
        Client = new ClientAddress(peer.Value);
        Method = http.Request.Method;
    }

    /// <summary>This exchange's id: in the log, in every problem, and sent to the client and to the backend as <c>X-Request-Id</c>.</summary>
    public string RequestId { get; }

    /// <summary>The trace (W3C trace context, 32 hexadecimal digits) that this exchange is part of.</summary>
    public string TraceId { get; internal set; } = "";

    /// <summary>Its place in that trace, where exchanges are traced; null where none are.</summary>
    internal ExchangeTrace? Trace { get; set; }

    /// <summary>The number of the declaration's revision that decides about this exchange.</summary>
    public long Revision { get; }

    /// <summary>The method, exactly as written; for a WebSocket over HTTP/2 (RFC 8441) it is GET.</summary>
    public string Method { get; internal set; }

    /// <summary>The path in its one normal form, still percent-encoded: what is matched, decided on and forwarded.</summary>
    public string Path { get; internal set; } = "/";

    /// <summary>The query with its question mark, as received, or nothing.</summary>
    public string Query { get; internal set; } = "";

    /// <summary>The host that was asked for, in lower case and without a port.</summary>
    public string Host { get; internal set; } = "";

    /// <summary>The other end of the connection.</summary>
    internal PeerAddress Peer { get; }

    /// <summary>Where the request comes from, as far as trusted proxies say so.</summary>
    public IPAddress ClientAddress => Client.Value;

    /// <summary>The route, as in <c>orders/get-order</c>, once it is found.</summary>
    public string? RouteName => Route?.Id.Value;

    /// <summary>Who calls, by the name in the declaration, once that is proved.</summary>
    public string? ConsumerName => Consumer?.Id.Value;

    /// <summary>The id of the credential that proved it: never a secret.</summary>
    public string? CredentialId => Caller?.CredentialId;

    /// <summary>What kind of credential that was, in the words of the declaration: <c>apiKey</c>, or several joined by a plus sign.</summary>
    public string? CredentialKind => Caller?.CredentialKind;

    /// <summary>Why the exchange was refused, or null.</summary>
    public Problem? Problem { get; internal set; }

    /// <summary>The header fields of the request. A policy may change what is forwarded here.</summary>
    public IHeaderDictionary RequestHeaders => Http.Request.Headers;

    /// <summary>The header fields of the response; final once the response has begun.</summary>
    public IHeaderDictionary ResponseHeaders => Http.Response.Headers;

    /// <summary>The response's status; 0 until there is one.</summary>
    public int Status { get; internal set; }

    internal HttpContext Http { get; }

    internal ClientAddress Client { get; set; }

    internal Route? Route { get; set; }

    /// <summary>Set where a browser asks whether <see cref="Route"/> may be called by another site's script: nothing is forwarded then.</summary>
    internal Preflight? Preflight { get; set; }

    /// <summary>The site whose script calls, as its browser says, where the route has rules for that; else nothing.</summary>
    internal StringValues Origin { get; set; }

    /// <summary>Who calls, once that is proved.</summary>
    internal Caller? Caller { get; set; }

    internal Consumer? Consumer => Caller?.Consumer;

    /// <summary>The kinds of credentials that were presented, good or not.</summary>
    internal CredentialKinds Presented { get; set; }

    /// <summary>Whether what was presented counts as one of its address's failures.</summary>
    internal GuessState Guess { get; set; }

    /// <summary>Seconds until the address may present a credential again, where it was refused to.</summary>
    internal long GuessRetrySeconds { get; set; }

    /// <summary>The id of a key of the declaration that was presented with a wrong secret; null for none.</summary>
    internal string? GuessedKeyId { get; set; }

    /// <summary>What the proxy in front said of its client before the connection's first byte (PROXY protocol); null for nothing.</summary>
    internal IPAddress? ProxiedFor { get; init; }

    /// <summary>The client's certificate, where its listener asks for one and took it.</summary>
    internal ClientCertificate? Certificate { get; init; }

    /// <summary>Why the certificate that the connection was opened with is not taken any longer: a constant text; null where it is.</summary>
    internal string? CertificateFault { get; init; }

    /// <summary>The client's token, once it is verified and taken off the request: for who may pass it on or exchange it. Never for a log.</summary>
    internal string? PresentedToken { get; set; }

    /// <summary>The first instant at which that token is no longer good; null when its issuer did not say.</summary>
    internal DateTimeOffset? PresentedTokenEnds { get; set; }

    /// <summary>What is kept from one exchange of the connection to the next; null where there is no connection.</summary>
    internal ConnectionMemory? Connection { get; init; }

    /// <summary>What the backend is told, under the gateway's signature, of who calls; null for nothing. Never for a log or a client.</summary>
    internal string? Assertion { get; set; }

    /// <summary>
    /// Makes the assertion for one more attempt, where a backend takes each once; null where the one that there is serves again. It returns null
    /// when none can be made any more.
    /// </summary>
    internal Func<Exchange, string?>? AssertAnew { get; set; }

    /// <summary>Whether it goes to its route's canary, and not to the upstream that the route names.</summary>
    internal bool OnCanary { get; set; }

    /// <summary>The gateways that the request has passed, this one included, as the backend is told (RFC 9110 section 7.6.3).</summary>
    internal string? Via { get; set; }

    /// <summary>What its route asks of the service's answer.</summary>
    internal AnswerRules Answers { get; set; } = AnswerRules.None;

    internal Listener Listener { get; }

    /// <summary>What is wrong with the bytes of the request's head, as a constant text; null for nothing, and for HTTP/2.</summary>
    internal string? HeadFault { get; init; }

    /// <summary>The request's <c>Connection</c> fields as they came, where they say more than the server keeps of them; else null.</summary>
    internal string? Nominated { get; init; }

    /// <summary>The host name of the connection's TLS handshake (SNI); null for cleartext and for a handshake that named none.</summary>
    internal string? ServerName { get; set; }

    /// <summary>The version of the connection's TLS, as in <c>1.3</c>; null for cleartext.</summary>
    internal string? TlsVersion { get; init; }

    /// <summary>The clock's timestamp when the head was there.</summary>
    internal long StartedAt { get; }

    /// <summary>The path that is forwarded when it differs from <see cref="Path"/>; it is in normal form too.</summary>
    internal string? ForwardedPath { get; set; }

    /// <summary>Who decided, when somebody refused or answered: a policy's name or a stage's.</summary>
    internal string? DecidedBy { get; set; }

    /// <summary>The real reason of a refusal, for the log: a constant text.</summary>
    internal string? Reason { get; set; }

    /// <summary>What went wrong, when something was thrown; for the log, by its type only.</summary>
    internal Exception? Failure { get; set; }

    /// <summary>The limit that is closest to being reached, for the response's header fields.</summary>
    internal LimitState? TightestLimit { get; set; }

    /// <summary>All limits and quotas that are enforced for it, as clients are told of them; null where none was asked.</summary>
    internal string? Limits { get; set; }

    /// <summary>The first limit or quota that would have refused the exchange, if it did not only report; for the log.</summary>
    internal string? ReportedLimit { get; set; }

    /// <summary>How far the exchange has come in the trail.</summary>
    internal Accounting Accounting { get; set; }

    /// <summary>What the policy of limits gives back when the exchange is over; only that policy knows what it is.</summary>
    internal object? Held { get; set; }

    /// <summary>The destination that was chosen, and how its answer went.</summary>
    internal ForwardState Forward { get; } = new();

    /// <summary>
    /// Whether the connection carries one exchange after the other (RFC 9112), and the end of this one's body is the beginning of the next.
    /// </summary>
    internal bool IsHttp1 => !HttpProtocol.IsHttp2(Http.Request.Protocol);

    /// <summary>The stream of its connection, where that is of HTTP/2; else 0.</summary>
    internal int Stream { get; init; }

    /// <summary>Whether its connection ends with its answer, whatever that is.</summary>
    internal bool IsLast { get; set; }

    /// <summary>Bytes of the request's body that were read.</summary>
    internal long RequestBytes { get; set; }

    /// <summary>
    /// Whether the request's body was read to its end. Where there is one and it was not, the connection cannot serve a next request.
    /// </summary>
    internal bool RequestBodyRead { get; set; }

    /// <summary>
    /// The request's whole body where it was read before forwarding, to be read again from its start; null where it is streamed or absent.
    /// </summary>
    internal Stream? WholeBody { get; set; }

    /// <summary>Why the request's body could not be read to its end, or null. When forwarding fails and this is set, this is the answer.</summary>
    internal Problem? BodyProblem { get; set; }

    /// <summary>Whether the client went away while its body was read.</summary>
    internal bool ClientIsGone { get; set; }

    /// <summary>Who reads along while the answer's body goes to the client; null for nobody.</summary>
    internal AnswerReader? AnswerReader { get; set; }

    /// <summary>Bytes of the response's body that were written.</summary>
    internal long ResponseBytes { get; set; }

    /// <summary>What its route has in the access log, ready to be copied; null while there is no route.</summary>
    internal byte[]? RouteFields { get; set; }

    /// <summary>Where an exchange of its route is counted; null while there is no route.</summary>
    internal ExchangeTally? RouteTally { get; set; }

    /// <summary>Where it is counted as being under way, beginning with 1; 0 where it is not.</summary>
    internal int CountedAt { get; set; }

    /// <summary>The policies that saw the request.</summary>
    internal PolicyWalk Walk { get; } = new();
}

/// <summary>How far an exchange has come in the trail that has to account for it.</summary>
internal enum Accounting
{
    /// <summary>Nothing of it is there, and no place is kept for it.</summary>
    None,

    /// <summary>A place is kept for its one record: it may be forwarded.</summary>
    Reserved,

    /// <summary>Its intent was written, or may have been: its outcome is owed.</summary>
    Intended,

    /// <summary>Nothing more is owed.</summary>
    Settled,
}

/// <summary>What became of the attempt to prove who calls, as its address's failures are counted.</summary>
internal enum GuessState
{
    /// <summary>It is not counted.</summary>
    None,

    /// <summary>It is counted until it turns out to be no failure.</summary>
    Taken,

    /// <summary>It was a failure.</summary>
    Counted,
}

/// <summary>A browser's question before a call (Fetch standard, section 3.2.2).</summary>
/// <param name="Allow">The methods that are served at the path, as any other <c>OPTIONS</c> is told.</param>
internal sealed record Preflight(string Allow);

/// <summary>What forwarding did.</summary>
internal sealed class ForwardState
{
    /// <summary>The destination's address as declared, or null when none was contacted.</summary>
    public string? Destination { get; set; }

    /// <summary>The upstream that was chosen, where there was a choice; otherwise null.</summary>
    public string? Upstream { get; set; }

    /// <summary>How often the request was sent, or would have been over a connection that did not come about.</summary>
    public int Attempts { get; set; }

    /// <summary>The clock's timestamps when forwarding began and when the response's head was there; 0 for not.</summary>
    public long BeganAt { get; set; }

    public long HeadAt { get; set; }

    public long EndedAt { get; set; }

    /// <summary>The status of the service's answer; 0 while there is none.</summary>
    public int Status { get; set; }

    /// <summary>Whether, when forwarding ended, the client was still to send a part of its request.</summary>
    public bool WaitsForClient { get; set; }

    /// <summary>Whether a destination may have got the request or a part of it. False only where that is certain.</summary>
    public bool MayHaveArrived { get; set; }

    /// <summary>Seconds after which a client that was refused may try again, for <c>Retry-After</c>; 0 where nothing is said.</summary>
    public int RetrySeconds { get; set; }

    /// <summary>Under which circumstances of its upstream's circuit the exchange is forwarded; 0 where there is none.</summary>
    public int Phase { get; set; }

    /// <summary>Whether the answer was cut because its body grew over what its route allows.</summary>
    public bool IsTooLong { get; set; }

    /// <summary>What the service did wrong in its answer, for which it is judged, a constant text; null for nothing.</summary>
    public string? Fault { get; set; }
}

/// <summary>How near a limit is: for <c>RateLimit</c> and <c>Retry-After</c>.</summary>
/// <param name="Remaining">Calls, or units of cost, that would be allowed now.</param>
/// <param name="ResetSeconds">With enough left for a call, seconds until the limit is whole again; else until the next call can be allowed; 0 where
/// nobody knows.</param>
/// <param name="RetrySeconds">Seconds to wait before the next call can be allowed; 0 when one is allowed now.</param>
internal readonly record struct LimitState(string Name, long Remaining, long ResetSeconds, long RetrySeconds);

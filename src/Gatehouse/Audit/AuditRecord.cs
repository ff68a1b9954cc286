using System.Globalization;
using System.Net;

namespace Gatehouse.Audit;

/// <summary>
/// One record of the trail: what happened, in fields of a closed list. There is no field for a header, a body or a query, so none can get in. Every
/// text is cut at a bound when it is written (<see cref="RecordWriter"/>). What is personal (<see cref="Person"/>, <see cref="Client"/>,
/// <see cref="About"/>) is kept beside the record, which holds only a salted digest of it: it can be erased, and the record still verifies.
/// </summary>
internal sealed class AuditRecord
{
    public required AuditKind Kind { get; init; }

    /// <summary>When it happened, by the clock of the instance; kept in milliseconds.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The instance whose chain it stands in. Given by the trail: what is set before is not looked at.</summary>
    public string Instance { get; init; } = "";

    /// <summary>Its number in its chain, from 1. Given by the trail: what is set before is not looked at.</summary>
    public long Sequence { get; init; }

    /// <summary>As it stands in the record. Whoever judges by it asks <see cref="Decided()"/>.</summary>
    public AuditDecision Decision { get; init; }

    /// <summary>
    /// What was decided. Records of former versions say of exchanges that were let through, and failed, that they were refused: how they ended tells.
    /// </summary>
    public AuditDecision Decided() =>
        Decision == AuditDecision.Refused && Outcome is not (AuditOutcome.None or AuditOutcome.Refused) ? AuditDecision.Allowed : Decision;

    public AuditOutcome Outcome { get; init; }

    /// <summary>The exchange. Required of an intent, an outcome and what is said of one of them later.</summary>
    public string? RequestId { get; init; }

    public string? TraceId { get; init; }

    /// <summary>The request id of the intent that this outcome, unknown or closed record is about.</summary>
    public string? Intent { get; init; }

    public string? Listener { get; init; }

    /// <summary>Who calls, by the name in the declaration.</summary>
    public string? Consumer { get; init; }

    /// <summary>In the words of the declaration: application, partner, service, assistant.</summary>
    public string? ConsumerKind { get; init; }

    public string? CredentialKind { get; init; }

    /// <summary>By which a credential is named in logs: never a secret.</summary>
    public string? CredentialId { get; init; }

    /// <summary>Whom the caller speaks for, by a digest or an opaque id. Personal.</summary>
    public string? Person { get; init; }

    /// <summary>Who acts for the person, where the token says so (RFC 8693 section 4.1).</summary>
    public string? Actor { get; init; }

    /// <summary>Where the request comes from, as the access log has it. Personal.</summary>
    public IPAddress? Client { get; init; }

    /// <summary>The route, as in <c>orders/get-order</c>.</summary>
    public string? Route { get; init; }

    public string? Api { get; init; }

    public string? Method { get; init; }

    /// <summary>The template of the route's path: never the path of the request.</summary>
    public string? Path { get; init; }

    /// <summary>A digest over the parameters of the request, in a form that who sets it says.</summary>
    public string? Parameters { get; init; }

    /// <summary>Whose data it touches. Personal.</summary>
    public IReadOnlyList<AboutEntry> About { get; init; } = [];

    /// <summary>The rule or the policy that decided.</summary>
    public string? DecidedBy { get; init; }

    /// <summary>The name of the problem that a refusal was answered with.</summary>
    public string? Problem { get; init; }

    /// <summary>The status of the answer; 0 for none.</summary>
    public int Status { get; init; }

    /// <summary>The destination that was chosen, as declared.</summary>
    public string? Destination { get; init; }

    /// <summary>Who did it, for what people do to the gateway.</summary>
    public string? Who { get; init; }

    /// <summary>Why: the constant text of a refusal, or what a person gave as a reason.</summary>
    public string? Reason { get; init; }

    /// <summary>
    /// The first and the last record that this one is about, where it is about records; 0 for none. They count in its own chain, unless a detail
    /// names another (<see cref="AuditDetail.Chain"/>).
    /// </summary>
    public long First { get; init; }

    /// <inheritdoc cref="First"/>
    public long Last { get; init; }

    /// <summary>What else is to be said of an administrative act. At most <see cref="RecordWriter.MostDetails"/>, names from the code.</summary>
    public IReadOnlyList<AuditDetail> Details { get; init; } = [];

    /// <summary>The revision of the declaration that decided; 0 for none.</summary>
    public long Revision { get; init; }

    /// <summary>The fingerprint of that declaration.</summary>
    public string? Fingerprint { get; init; }

    public static AuditRecord Stop(DateTimeOffset time) => new() { Kind = AuditKind.Stop, Time = time };

    public static AuditRecord Gap(DateTimeOffset time, long notTaken) => new()
    {
        Kind = AuditKind.Gap,
        Time = time,
        Details = [new("not-taken", notTaken.ToString(CultureInfo.InvariantCulture))],
        Reason = "records were not taken while the trail could not be written",
    };

    /// <summary>Nothing of a record is shown by accident.</summary>
    public override string ToString() => $"{Kind} {Sequence}";

    /// <summary>Says that nobody knows what became of an exchange.</summary>
    /// <param name="intent">The request's id.</param>
    /// <param name="sequence">The number of the record that said that it was to be made.</param>
    public static AuditRecord Unknown(string intent, long sequence, string reason, DateTimeOffset time) => new()
    {
        Kind = AuditKind.Unknown,
        Time = time,
        Outcome = AuditOutcome.Unknown,
        Intent = intent,
        First = sequence,
        Last = sequence,
        Reason = reason,
    };
}

/// <summary>Whose data is touched: the link to a subject, which is gone when the key is.</summary>
/// <param name="Name">What the subject is, by the name in the declaration: <c>customer</c>.</param>
/// <param name="Key">The name of the investigation key.</param>
/// <param name="Hmac">The HMAC of the subject under that key, in lower-case hexadecimal.</param>
internal sealed record AboutEntry(string Name, string Key, string Hmac)
{
    /// <summary>Nothing of a person is shown by accident.</summary>
    public override string ToString() => Name;
}

/// <summary>One thing more about an administrative act.</summary>
/// <param name="Name">From the code: lower-case letters, digits and hyphens.</param>
internal sealed record AuditDetail(string Name, string Value)
{
    /// <summary>
    /// The origin of the chain that <see cref="AuditRecord.First"/> and <see cref="AuditRecord.Last"/> count in, where it is another.
    /// </summary>
    public const string Chain = "chain";

    /// <summary>The origin of the chain that begins with this record.</summary>
    public const string Origin = "origin";

    /// <summary>The origin of the chain that the one that begins with this record follows on: one of the same instance, in another file.</summary>
    public const string Follows = "follows";

    /// <summary>Some of what was erased: <see cref="ErasedValues"/>, separated by commas.</summary>
    public const string Erased = "erased";
}

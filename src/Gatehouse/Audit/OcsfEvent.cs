using System.Buffers;
using System.Text.Json;

namespace Gatehouse.Audit;

/// <summary>
/// A record as an event of the Open Cybersecurity Schema Framework, version 1.7.0: API Activity (class 6003) with the profiles security_control and
/// trace. What the schema has no place for stands in <c>unmapped</c> under the names of the record. Everything but ASCII is escaped.
/// </summary>
internal static class OcsfEvent
{
    /// <summary>The version of the schema that is followed.</summary>
    public const string SchemaVersion = "1.7.0";

    private const int ClassUid = 6003;
    private const int CategoryUid = 6;
    private const int Other = 99;
    private static readonly string Version = typeof(OcsfEvent).Assembly.GetName().Version!.ToString(3);

    /// <summary>One event, on one line, without its end.</summary>
    /// <param name="personal">Whether what is personal is said, as far as it is still there.</param>
    public static void Write(FoundRecord found, bool personal, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        Classify(json, found.Record);
        Judge(json, found.Record);
        json.WriteNumber("time", found.Record.Time.ToUnixTimeMilliseconds());
        Metadata(json, found);
        Actor(json, found, personal);
        Api(json, found.Record);
        Http(json, found.Record);
        Ends(json, found, personal);
        Resources(json, found, personal);
        if (found.Record.TraceId is { } trace)
        {
            json.WriteStartObject("trace");
            json.WriteString("uid", trace);
            json.WriteEndObject();
        }

        Unmapped(json, found);
        json.WriteEndObject();
    }

    private static void Classify(Utf8JsonWriter json, AuditRecord record)
    {
        var (activity, name) = Activity(record);
        json.WriteNumber("class_uid", ClassUid);
        json.WriteString("class_name", "API Activity");
        json.WriteNumber("category_uid", CategoryUid);
        json.WriteString("category_name", "Application Activity");
        json.WriteNumber("activity_id", activity);
        json.WriteString("activity_name", activity == Other ? AuditWords.Of(record.Kind) : name);
        json.WriteNumber("type_uid", (ClassUid * 100) + activity);
        json.WriteString("type_name", $"API Activity: {name}");
    }

    /// <summary>What a call does, by its method; what is no call does something else.</summary>
    private static (int Id, string Name) Activity(AuditRecord record) => record.Method switch
    {
        "POST" => (1, "Create"),
        "GET" or "HEAD" => (2, "Read"),
        "PUT" or "PATCH" => (3, "Update"),
        "DELETE" => (4, "Delete"),
        _ => (Other, "Other"),
    };

    private static void Judge(Utf8JsonWriter json, AuditRecord record)
    {
        var refused = record.Decided() == AuditDecision.Refused || record.Kind is AuditKind.Refusal or AuditKind.Handshake;
        var (severity, name) = Severity(record, refused);
        json.WriteNumber("severity_id", severity);
        json.WriteString("severity", name);
        var (status, caption) = Status(record);
        json.WriteNumber("status_id", status);
        json.WriteString("status", caption);
        if (record.Problem is { } problem) json.WriteString("status_code", problem);
        if (record.Reason is { Length: > 0 } reason) json.WriteString("status_detail", reason);
        if (refused)
        {
            json.WriteNumber("action_id", 2);
            json.WriteString("action", "Denied");
            json.WriteNumber("disposition_id", 2);
            json.WriteString("disposition", "Blocked");
        }
        else if (record.Decided() == AuditDecision.Allowed)
        {
            json.WriteNumber("action_id", 1);
            json.WriteString("action", "Allowed");
            json.WriteNumber("disposition_id", 1);
            json.WriteString("disposition", "Allowed");
        }

        if (record.DecidedBy is null && record.Revision == 0) return;
        json.WriteStartObject("policy");
        json.WriteString("name", record.DecidedBy ?? "declaration");
        if (record.Revision != 0) json.WriteString("version", record.Revision.ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (record.Fingerprint is { Length: > 0 } fingerprint) json.WriteString("uid", fingerprint);
        json.WriteEndObject();
    }

    private static (int Id, string Name) Severity(AuditRecord record, bool refused) => record.Kind switch
    {
        AuditKind.Gap or AuditKind.Repair or AuditKind.Unknown => (3, "Medium"),
        _ when record.Outcome == AuditOutcome.Unknown => (3, "Medium"),
        _ when refused => (2, "Low"),
        _ => (1, "Informational"),
    };

    private static (int Id, string Name) Status(AuditRecord record) => record.Outcome switch
    {
        AuditOutcome.Done => (1, "Success"),
        AuditOutcome.Refused or AuditOutcome.FailedBefore or AuditOutcome.FailedAfter => (2, "Failure"),
        AuditOutcome.Unknown => (0, "Unknown"),
        AuditOutcome.None when record.Kind == AuditKind.Handshake => (2, "Failure"),
        AuditOutcome.None when record.Kind == AuditKind.Intent => (Other, "intent"),
        AuditOutcome.None => (1, "Success"),
    };

    private static void Metadata(Utf8JsonWriter json, FoundRecord found)
    {
        var record = found.Record;
        json.WriteStartObject("metadata");
        json.WriteString("version", SchemaVersion);
        json.WriteStartObject("product");
        json.WriteString("name", "Gatehouse");
        json.WriteString("vendor_name", "Gatehouse");
        json.WriteString("version", Version);
        json.WriteEndObject();
        json.WriteStartArray("profiles");
        json.WriteStringValue("security_control");
        json.WriteStringValue("trace");
        json.WriteEndArray();
        json.WriteString("log_name", "audit");
        json.WriteString("log_provider", record.Instance);
        json.WriteString("event_code", AuditWords.Of(record.Kind));
        json.WriteString("uid", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{found.Chain.Origin}/{record.Sequence}"));
        json.WriteString("original_event_uid", Convert.ToHexStringLower(found.Stored.Hash));
        if ((record.Intent ?? record.RequestId) is { Length: > 0 } request) json.WriteString("correlation_uid", request);
        json.WriteEndObject();
    }

    private static void Actor(Utf8JsonWriter json, FoundRecord found, bool personal)
    {
        var record = found.Record;
        var person = personal ? found.Person : null;
        json.WriteStartObject("actor");
        json.WriteString("app_uid", record.Consumer ?? (record.Who is null && record.Listener is not null ? "anonymous" : "gatehouse"));
        if ((person ?? record.Who ?? record.Consumer) is { Length: > 0 } user)
        {
            json.WriteStartObject("user");
            json.WriteString("uid", user);
            var (type, name) = person is not null ? (1, "User") : record.Who is not null ? (2, "Admin") : (4, "Service");
            json.WriteNumber("type_id", type);
            json.WriteString("type", name);
            if (record.CredentialId is { Length: > 0 } credential) json.WriteString("credential_uid", credential);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void Api(Utf8JsonWriter json, AuditRecord record)
    {
        json.WriteStartObject("api");
        json.WriteString("operation", record.Route ?? AuditWords.Of(record.Kind));
        if (record.Api is { Length: > 0 } api)
        {
            json.WriteStartObject("service");
            json.WriteString("name", api);
            json.WriteEndObject();
        }

        if (record.RequestId is { Length: > 0 } request)
        {
            json.WriteStartObject("request");
            json.WriteString("uid", request);
            json.WriteEndObject();
        }

        if (record.Status != 0)
        {
            json.WriteStartObject("response");
            json.WriteNumber("code", record.Status);
            if (record.Problem is { } problem) json.WriteString("error", problem);
            if (record.Problem is not null && record.Reason is { Length: > 0 } reason) json.WriteString("error_message", reason);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void Http(Utf8JsonWriter json, AuditRecord record)
    {
        if (record.Method is { Length: > 0 } method)
        {
            json.WriteStartObject("http_request");
            json.WriteString("http_method", method);
            if (record.RequestId is { Length: > 0 } request) json.WriteString("uid", request);
            if (record.Path is { Length: > 0 } path)
            {
                json.WriteStartObject("url");
                json.WriteString("path", path);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        if (record.Status == 0) return;
        json.WriteStartObject("http_response");
        json.WriteNumber("code", record.Status);
        json.WriteEndObject();
    }

    /// <summary>Where it came from and where it went; of what is no call, the instance.</summary>
    private static void Ends(Utf8JsonWriter json, FoundRecord found, bool personal)
    {
        var record = found.Record;
        json.WriteStartObject("src_endpoint");
        if (personal && (record.Client ?? found.Intent?.Record.Client) is { } client) json.WriteString("ip", client.ToString());
        else json.WriteString("name", record.Listener is null ? record.Instance : "client");
        json.WriteEndObject();
        json.WriteStartObject("dst_endpoint");
        json.WriteString("instance_uid", record.Instance);
        if (record.Listener is { Length: > 0 } listener) json.WriteString("interface_name", listener);
        json.WriteEndObject();
    }

    private static void Resources(Utf8JsonWriter json, FoundRecord found, bool personal)
    {
        if (!personal || found.About.Count == 0) return;
        json.WriteStartArray("resources");
        foreach (var entry in found.About)
        {
            json.WriteStartObject();
            json.WriteString("type", entry.Name);
            json.WriteString("uid", $"{entry.Key}:{entry.Hmac}");
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Unmapped(Utf8JsonWriter json, FoundRecord found)
    {
        var record = found.Record;
        json.WriteStartObject("unmapped");
        json.WriteNumber("sequence", record.Sequence); // it may be larger than metadata.sequence can be
        json.WriteString("previous", found.Read.Previous);
        json.WriteString("kind", AuditWords.Of(record.Kind));
        if (record.Outcome != AuditOutcome.None) json.WriteString("outcome", AuditWords.Of(record.Outcome));
        Text(json, "consumerKind", record.ConsumerKind);
        Text(json, "credentialKind", record.CredentialKind);
        Text(json, "actor", record.Actor);
        Text(json, "parameters", record.Parameters);
        Text(json, "destination", record.Destination);
        Text(json, "intent", record.Intent);
        if (record.First != 0) json.WriteNumber("first", record.First);
        if (record.Last != 0) json.WriteNumber("last", record.Last);
        if (record.Details.Count > 0)
        {
            json.WriteStartArray("details");
            foreach (var detail in record.Details) json.WriteStringValue($"{detail.Name}={detail.Value}");
            json.WriteEndArray();
        }

        if (found.IsErased) json.WriteBoolean("erased", true);
        json.WriteEndObject();
    }

    private static void Text(Utf8JsonWriter json, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value)) json.WriteString(name, value);
    }
}

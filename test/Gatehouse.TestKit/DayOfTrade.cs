using System.Globalization;
using System.Net;
using Gatehouse.Audit;

namespace Gatehouse.TestKit;

/// <summary>
/// What the trail of a retailer holds after a day, made up but always the same: the shop and the app read orders for customers, customer care and its
/// assistant read and change for staff, a partner fetches documents, and some of it is refused.
/// </summary>
internal static class DayOfTrade
{
    /// <summary>The secret of the investigation key.</summary>
    public const string Secret = "an investigation key of a test, and of nothing else";

    private const int Customers = 2_000;
    private static readonly string[] Staff = ["anna", "ben", "chloe", "dimitri"];

    public static InvestigationKey Key { get; } = new(System.Text.Encoding.UTF8.GetBytes(Secret));

    /// <summary>The midnight at which it begins.</summary>
    public static DateTimeOffset Begin { get; } = new(2026, 11, 25, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The records of so many exchanges; a change has two.</summary>
    public static IEnumerable<AuditRecord> Records(int exchanges)
    {
        var chance = new Random(17);
        for (var i = 0; i < exchanges; i++)
        {
            var at = Begin + TimeSpan.FromDays(1) * i / exchanges;
            var customer = 1 + chance.Next(Customers);
            var staff = Staff[chance.Next(Staff.Length)];
            var id = string.Create(CultureInfo.InvariantCulture, $"r{i:d7}");
            switch (chance.Next(100))
            {
                case < 55:
                    yield return Read(id, at, "web-shop", "application", $"customers:customer-{customer}", customer, "orders/get-order");
                    break;
                case < 75:
                    yield return Read(id, at, "mobile-app", "application", $"customers:customer-{customer}", customer, "orders/get-order");
                    break;
                case < 85:
                    yield return Read(id, at, "contact-centre", "application", $"staff:{staff}", customer, "orders/get-order");
                    break;
                case < 91:
                    yield return Read(id, at, "care-assistant", "assistant", $"staff:{staff}", customer, "orders/get-order");
                    break;
                case < 94:
                    foreach (var record in Change(id, at, staff, customer, chance.Next(20) == 0)) yield return record;
                    break;
                case < 97:
                    yield return Refusal(id, at, "newsletter", customer, "insufficient-scope", 403);
                    break;
                case < 99:
                    yield return Refusal(id, at, "web-shop", customer, "limit-exceeded", 429);
                    break;
                default:
                    yield return Partner(id, at);
                    break;
            }
        }
    }

    /// <summary>A change by Anna of whose order only the answer says: what the route is about is known when the service has said it.</summary>
    public static IEnumerable<AuditRecord> NamedByTheAnswer(string id, int customer) =>
        Change(id, Begin.AddHours(13), "anna", customer, isUnknown: false, isKnownLate: true);

    /// <summary>About whom an exchange with a customer's order is.</summary>
    public static AboutEntry About(int customer) => Key.About("customer", customer.ToString(CultureInfo.InvariantCulture));

    /// <summary>A person as records name one.</summary>
    public static string Person(string name) => Key.Person(name.Split(':')[0], name.Split(':')[1]);

    private static AuditRecord Read(string id, DateTimeOffset at, string consumer, string kind, string person, int customer, string route) => new()
    {
        Kind = AuditKind.Exchange,
        Time = at,
        Decision = AuditDecision.Allowed,
        Outcome = AuditOutcome.Done,
        RequestId = id,
        TraceId = $"{id}0000000000000000000000ab"[..32],
        Listener = "edge",
        Consumer = consumer,
        ConsumerKind = kind,
        CredentialKind = "token",
        CredentialId = "t4f9",
        Person = Person(person),
        Client = IPAddress.Parse("203.0.113.9"),
        Route = route,
        Api = "orders",
        Method = "GET",
        Path = "/orders/{orderId}",
        About = [About(customer)],
        Status = 200,
        Destination = "http://10.0.3.1:5101",
        Revision = 1,
    };

    private static IEnumerable<AuditRecord> Change(string id, DateTimeOffset at, string staff, int customer, bool isUnknown, bool isKnownLate = false)
    {
        var (consumer, kind) = customer % 2 == 0 ? ("care-assistant", "assistant") : ("contact-centre", "application");
        yield return new AuditRecord
        {
            Kind = AuditKind.Intent,
            Time = at,
            Decision = AuditDecision.Allowed,
            RequestId = id,
            Listener = "inside",
            Consumer = consumer,
            ConsumerKind = kind,
            CredentialKind = "token",
            CredentialId = "t4f9",
            Person = Person($"staff:{staff}"),
            Client = IPAddress.Parse("10.0.8.21"),
            Route = "returns/create-return",
            Api = "returns",
            Method = "POST",
            Path = "/returns",
            About = isKnownLate ? [] : [About(customer)],
            Revision = 1,
        };
        yield return new AuditRecord
        {
            Kind = isUnknown ? AuditKind.Unknown : AuditKind.Outcome,
            Time = at.AddMilliseconds(40),
            Decision = AuditDecision.Allowed,
            Outcome = isUnknown ? AuditOutcome.Unknown : AuditOutcome.Done,
            RequestId = id,
            Intent = id,
            Listener = "inside",
            Consumer = consumer,
            CredentialKind = "token",
            CredentialId = "t4f9",
            Route = "returns/create-return",
            Api = "returns",
            Method = "POST",
            Path = "/returns",
            About = isKnownLate ? [About(customer)] : [],
            Status = isUnknown ? 504 : 201,
            Revision = 1,
        };
    }

    private static AuditRecord Refusal(string id, DateTimeOffset at, string consumer, int customer, string problem, int status) => new()
    {
        Kind = AuditKind.Refusal,
        Time = at,
        Decision = AuditDecision.Refused,
        Outcome = AuditOutcome.Refused,
        RequestId = id,
        Listener = "edge",
        Consumer = consumer,
        ConsumerKind = "application",
        CredentialKind = "token",
        CredentialId = "t4f9",
        Person = Person($"customers:customer-{customer}"),
        Client = IPAddress.Parse("2001:db8::9"),
        Route = "orders/get-order",
        Api = "orders",
        Method = "GET",
        Path = "/orders/{orderId}",
        About = [About(customer)],
        DecidedBy = problem == "limit-exceeded" ? "limits" : "access",
        Problem = problem,
        Reason = "a constant text",
        Status = status,
        Details = [new AuditDetail("event", "authorisation")],
        Revision = 1,
    };

    private static AuditRecord Partner(string id, DateTimeOffset at) => new()
    {
        Kind = AuditKind.Exchange,
        Time = at,
        Decision = AuditDecision.Allowed,
        Outcome = AuditOutcome.Done,
        RequestId = id,
        Listener = "partners",
        Consumer = "acme-freight",
        ConsumerKind = "partner",
        CredentialKind = "certificate",
        CredentialId = "c81a",
        Client = IPAddress.Parse("203.0.113.77"),
        Route = "documents/get-document",
        Api = "documents",
        Method = "GET",
        Path = "/documents/{documentId}",
        Status = 200,
        Revision = 1,
    };
}

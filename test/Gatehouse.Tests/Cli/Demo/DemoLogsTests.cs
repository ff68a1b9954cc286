using Gatehouse.Cli.Commands.Demo;

namespace Gatehouse.Tests.Cli.Demo;

/// <summary>What <c>demo --check</c> finds in the logs: every case is one difference, or none.</summary>
public sealed class DemoLogsTests
{
    private const string Answered = """{"requestId":"r1","status":200,"consumer":"web-shop","destination":"http://127.0.0.1:1"}""";
    private const string Refused = """{"requestId":"r1","status":401,"problem":"unauthenticated","reason":"token: expired"}""";
    private const string RefusedBehind = """{"requestId":"r1","status":401,"problem":"unauthenticated","destination":"http://127.0.0.1:1"}""";
    private const string Handshake = """{"event":"handshake-refused","listener":"partners","reason":"it is revoked"}""";
    private const string OfService = "urn:retailer:problem:no-such-order";
    private const string ServiceLine = "orders-1: order 18 was refused, for it is not the caller's; consumer web-shop, request r1";
    private const string OtherServiceLine = "orders-1: order 18 was refused, for it is not the caller's; consumer web-shop, request r2";

    private static readonly DemoToken Token = new("eyJhbGc.e30.c2ln", "", "customer-17");

    public static TheoryData<string?, Case> Cases => new()
    {
        { null, new(new(200), Answered) },
        { null, new(new(401) { Problem = "unauthenticated" }, Refused) { Logged = "token: expired" } },
        { "the access log says", new(new(401) { Problem = "unauthenticated" }, Refused) { Logged = "token: signature" } },
        { "the access log says", new(new(403) { Problem = "forbidden" }, Refused) },
        { "the access log says", new(new(401) { Problem = "unauthenticated" }, RefusedBehind) },
        { "the access log says", new(new(200), Answered.Replace("destination", "elsewhere", StringComparison.Ordinal)) },
        { "the access log has no line", new(new(200), Answered.Replace("r1", "r2", StringComparison.Ordinal)) },
        { "the access log has no line", new(new(200), Answered) { Id = null } },
        { null, new(new(200), "") { IsRecorded = false } },
        { null, new(new(404) { Problem = OfService }, Answered) { Service = ServiceLine } },
        { "the services' log does not", new(new(404) { Problem = OfService }, Answered) { Service = "" } },
        { "the services' log does not", new(new(404) { Problem = OfService }, Answered) { Service = OtherServiceLine } },
        { null, new(ExpectedAnswer.HandshakeRefused, Handshake) { Id = null, Logged = "it is revoked" } },
        { "no line of the handshake", new(ExpectedAnswer.HandshakeRefused, Handshake) { Id = null, Logged = "no pinned authority" } },
        { "no line of the handshake", new(ExpectedAnswer.HandshakeRefused, Answered) { Id = null } },
        { "a log has the key or token", new(new(200), Answered.Replace("web-shop", Token.Text, StringComparison.Ordinal)) },
        { "a log has the person customer-17", new(new(200), Answered.Replace("web-shop", "customer-17", StringComparison.Ordinal)) },
    };

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void Says_what_the_logs_lack_or_say_too_much(string? different, Case given)
    {
        var differences = new DemoLogs(given.Lines, given.Service ?? "").Differences([(given.Call(), given.Id)]).ToList();

        if (different is null) Assert.Empty(differences);
        else Assert.Contains(different, Assert.Single(differences), StringComparison.Ordinal);
    }

    /// <summary>A call, and what was written down about it.</summary>
    public sealed class Case
    {
        private readonly ExpectedAnswer _expected;

        internal Case(ExpectedAnswer expected, string lines) => (_expected, Lines) = (expected, lines);

        internal string Lines { get; }

        internal string? Id { get; init; } = "r1";

        internal string? Logged { get; init; }

        internal string? Service { get; init; }

        internal bool IsRecorded { get; init; } = true;

        internal DemoCall Call() => new("Allowed", "it", "GET", new Uri("http://127.0.0.1:1/"), _expected)
        {
            Token = Token,
            Logged = Logged is null ? [] : [Logged],
            ServiceLogged = Service is null ? null : "order 18 was refused",
            IsRecorded = IsRecorded,
        };
    }
}

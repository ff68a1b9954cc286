using System.Text;

namespace Gatehouse.Cli.Commands.Demo;

/// <summary>
/// A call that the demo prints for people to try and that <c>demo --check</c> makes itself: one list, so that what is printed is what is checked.
/// </summary>
/// <param name="Group">What the call belongs to: those that are allowed, those that are refused, and so on.</param>
/// <param name="Shows">What there is to see, in a sentence.</param>
internal sealed record DemoCall(string Group, string Shows, string Method, Uri Url, ExpectedAnswer Expected)
{
    public string? Key { get; init; }

    public DemoToken? Token { get; init; }

    public string? Json { get; init; }

    /// <summary>Header fields besides those of the credentials and the body.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>How the connection is encrypted; null for cleartext.</summary>
    public DemoTls? Tls { get; init; }

    /// <summary>The address of this machine that the call comes from; null for the usual one.</summary>
    public string? From { get; init; }

    /// <summary>What the gateway's access log has to say of the call, besides who refused it.</summary>
    public IReadOnlyList<string> Logged { get; init; } = [];

    /// <summary>What the log of the service has to say of the call, if anything.</summary>
    public string? ServiceLogged { get; init; }

    /// <summary>Whether the gateway records the call: those to its own administration and those past it, it does not.</summary>
    public bool IsRecorded { get; init; } = true;

    /// <summary>How often the call is made. What is expected holds for the last answer.</summary>
    public int Times { get; init; } = 1;

    /// <summary>The call as a line for a shell that is in the demo's folder and knows this program as <c>gatehouse</c>.</summary>
    public string ToCurl()
    {
        var curl = new StringBuilder("curl -sSi");
        if (Method != "GET") curl.Append(" -X ").Append(Method);
        if (Tls is not null) curl.Append(" --cacert ").Append(Path.GetFileName(Tls.Authority));
        if (Tls?.Certificate is { } own)
            curl.Append(" --cert ").Append(Path.GetFileName(own.Certificate)).Append(" --key ").Append(Path.GetFileName(own.Key));
        if (From is not null) curl.Append(" --interface ").Append(From);
        if (Key is not null) curl.Append(" -H ").Append(Quote("X-Api-Key: " + Key));
        if (Token is not null) curl.Append(" -H \"Authorization: Bearer ").Append(Token.InShell).Append('"');
        foreach (var (name, value) in Headers) curl.Append(" -H ").Append(Quote($"{name}: {value}"));
        if (Json is not null) curl.Append(" -H 'Content-Type: application/json' -d ").Append(Quote(Json));
        curl.Append(' ').Append(Quote(Url.ToString()));
        return Times == 1 ? curl.ToString() : $"for i in $(seq {Times}); do {curl}; echo; done";
    }

    /// <summary>A text as one word of a shell, quoted only where it has to be.</summary>
    internal static string Word(string text) =>
        text.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '-' or '_') ? text : Quote(text);

    private static string Quote(string text) => "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}

/// <summary>A token to call with.</summary>
/// <param name="InShell">How a shell comes by such a token, for a place between double quotes.</param>
/// <param name="Person">Whom it speaks for; null for nobody.</param>
internal sealed record DemoToken(string Text, string InShell, string? Person);

/// <summary>How a call is encrypted.</summary>
/// <param name="Authority">The path of the authority that the server is trusted by.</param>
/// <param name="Certificate">What the client proves itself with, if with anything.</param>
internal sealed record DemoTls(string Authority, DemoCertificate? Certificate);

/// <summary>What an answer has to be like.</summary>
internal sealed record ExpectedAnswer(int Status)
{
    /// <summary>There is none: the connection ends in its handshake.</summary>
    public static ExpectedAnswer HandshakeRefused { get; } = new(0);

    private const string OfService = "urn:retailer:problem:";

    /// <summary>
    /// The problem (RFC 9457) that the answer has to be: the name of the gateway's, or the type of a service's. Null when it must be none.
    /// </summary>
    public string? Problem { get; init; }

    /// <summary>Whether the gateway answers although it refuses nothing.</summary>
    public bool ByGateway { get; init; }

    /// <summary>Whether a service has to have answered.</summary>
    public bool FromService => !ByGateway && Status > 0 && (Problem is null || Problem.StartsWith(OfService, StringComparison.Ordinal));

    /// <summary>Texts of which each has to stand in a body: in any of the answers when the call is made several times.</summary>
    public IReadOnlyList<string> Says { get; init; } = [];

    /// <summary>Header fields that have to be there, with a text that the value has to contain.</summary>
    public IReadOnlyList<(string Name, string Contains)> Carries { get; init; } = [];

    /// <summary>Header fields that must not be there: on any answer, what a service says of itself.</summary>
    public IReadOnlyList<string> Lacks { get; init; } = ["X-Powered-By", "X-Warehouse", "Server"];

    public override string ToString() => this switch
    {
        { Status: 0 } => "handshake refused",
        { Problem: { } problem } => $"{Status} {problem.Replace(OfService, "", StringComparison.Ordinal)}",
        _ => $"{Status}",
    };
}

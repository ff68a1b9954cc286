using System.Text;

namespace Gatehouse.Cli.Commands.Demo;

/// <summary>
/// A call that the demo prints for people to try and that <c>demo --check</c> makes itself: one list, so that what is printed is what is checked.
/// </summary>
/// <param name="Group">What the call belongs to: allowed, ending, refused, limited, hidden, apart, around, watched.</param>
/// <param name="Shows">What there is to see, in a sentence.</param>
internal sealed record DemoCall(string Group, string Shows, string Method, Uri Url, ExpectedAnswer Expected)
{
    public string? Key { get; init; }

    public string? Json { get; init; }

    /// <summary>How often the call is made. What is expected holds for the last answer.</summary>
    public int Times { get; init; } = 1;

    /// <summary>The call as a line for a shell.</summary>
    public string ToCurl()
    {
        var curl = new StringBuilder("curl -si");
        if (Method != "GET") curl.Append(" -X ").Append(Method);
        if (Key is not null) curl.Append(" -H 'X-Api-Key: ").Append(Key).Append('\'');
        if (Json is not null) curl.Append(" -H 'Content-Type: application/json' -d '").Append(Json).Append('\'');
        curl.Append(" '").Append(Url).Append('\'');
        return Times == 1 ? curl.ToString() : $"for i in $(seq {Times}); do {curl}; echo; done";
    }
}

/// <summary>What an answer has to be like.</summary>
internal sealed record ExpectedAnswer(int Status)
{
    /// <summary>The name of the problem (RFC 9457) that the answer has to be, or null when it must be none.</summary>
    public string? Problem { get; init; }

    /// <summary>Texts of which each has to stand in a body: in any of the answers when the call is made several times.</summary>
    public IReadOnlyList<string> Says { get; init; } = [];

    /// <summary>Header fields that have to be there, with a text that the value has to contain.</summary>
    public IReadOnlyList<(string Name, string Contains)> Carries { get; init; } = [];

    /// <summary>Header fields that must not be there: on any answer, what a service says of itself.</summary>
    public IReadOnlyList<string> Lacks { get; init; } = ["X-Powered-By", "X-Warehouse", "Server"];

    public override string ToString() => Problem is null ? $"{Status}" : $"{Status} {Problem}";
}

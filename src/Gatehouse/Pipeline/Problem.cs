namespace Gatehouse.Pipeline;

/// <summary>Whose fault a refusal is.</summary>
internal enum ProblemSource
{
    /// <summary>The client's request.</summary>
    Downstream,

    /// <summary>The gateway itself.</summary>
    Gateway,

    /// <summary>The service behind the gateway.</summary>
    Upstream,
}

/// <summary>A refusal as the client sees it (RFC 9457). Nothing internal is in it; the real reason goes to the log.</summary>
/// <param name="Name">Stable: <c>limit-exceeded</c>. The problem's type is <c>urn:gatehouse:problem:</c> and this name.</param>
/// <param name="Status">The HTTP status code.</param>
/// <param name="Title">A short sentence for people, the same for every occurrence.</param>
/// <param name="Source">Whose fault it is.</param>
/// <param name="Closes">Whether the connection is closed after the answer.</param>
internal sealed record Problem(string Name, int Status, string Title, ProblemSource Source, bool Closes = false)
{
    /// <summary>The URI that identifies this kind of problem.</summary>
    public string Type => "urn:gatehouse:problem:" + Name;
}

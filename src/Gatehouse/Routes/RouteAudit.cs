namespace Gatehouse.Routes;

/// <summary>What a route says of the trail that accounts for its exchanges.</summary>
/// <param name="Always">Whether they are recorded although nothing else asks for it.</param>
/// <param name="Listed">The names of path and query whose values may stand in the trail as they are.</param>
/// <param name="About">Whose data they touch.</param>
internal sealed record RouteAudit(bool Always, IReadOnlyList<string> Listed, IReadOnlyList<AboutSource> About)
{
    public static RouteAudit Usual { get; } = new(false, [], []);
}

/// <summary>Where something of a request stands.</summary>
internal enum RequestPart
{
    /// <summary>A claim of the caller's token.</summary>
    Token,

    /// <summary>A name of the route's path.</summary>
    Path,

    /// <summary>A parameter of the query.</summary>
    Query,
}

/// <summary>What kind of somebody an exchange is about, and where its request says who.</summary>
/// <param name="Subject">As in <c>customer</c>.</param>
/// <param name="Name">The name of the claim or parameter.</param>
internal sealed record AboutSource(string Subject, RequestPart Part, string Name)
{
    public override string ToString() => $"{Subject}: {Word(Part)}.{Name}";

    /// <summary>The word that stands for a part of the request.</summary>
    public static string Word(RequestPart part) => part switch
    {
        RequestPart.Token => "token",
        RequestPart.Path => "path",
        RequestPart.Query => "query",
    };
}

namespace Gatehouse.Routes;

/// <summary>What a route says of the trail that accounts for its exchanges.</summary>
/// <param name="Always">Whether they are recorded although nothing else asks for it.</param>
/// <param name="Listed">The names of path and query whose values may stand in the trail as they are.</param>
/// <param name="About">Whose data they touch.</param>
internal sealed record RouteAudit(bool Always, IReadOnlyList<string> Listed, IReadOnlyList<AboutSource> About)
{
    public static RouteAudit Usual { get; } = new(false, [], []);
}

/// <summary>Where an exchange says whom it is about.</summary>
internal enum SubjectPart
{
    /// <summary>A claim of the caller's token.</summary>
    Token,

    /// <summary>A name of the route's path.</summary>
    Path,

    /// <summary>A parameter of the query.</summary>
    Query,

    /// <summary>A member of the JSON that the service answers.</summary>
    Response,
}

/// <summary>What kind of somebody an exchange is about, and where it says who.</summary>
/// <param name="Subject">As in <c>customer</c>.</param>
/// <param name="Name">The name of the claim or parameter; of an answer the names of members, each within the one before, with dots between.</param>
internal sealed record AboutSource(string Subject, SubjectPart Part, string Name)
{
    public override string ToString() => $"{Subject}: {Word(Part)}.{Name}";

    /// <summary>The word that stands for it in a declaration.</summary>
    public static string Word(SubjectPart part) => part switch
    {
        SubjectPart.Token => "token",
        SubjectPart.Path => "path",
        SubjectPart.Query => "query",
        SubjectPart.Response => "response",
    };
}

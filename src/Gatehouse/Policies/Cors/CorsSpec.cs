using Gatehouse.Configuration;

namespace Gatehouse.Policies.Cors;

/// <summary><c>cors</c> of a route, an api or its <c>each</c>: which sites' scripts may call from browsers, and how.</summary>
/// <param name="Origins">Exactly as browsers send them; only <c>*</c> for every site.</param>
/// <param name="Methods">Empty for the method of each route that has the key.</param>
/// <param name="MaxAge">How long a browser may remember the answer to a preflight; null for its own time.</param>
internal sealed record CorsSpec(
    IReadOnlyList<string> Origins,
    IReadOnlyList<string> Methods,
    IReadOnlyList<string> Headers,
    IReadOnlyList<string> Expose,
    bool Credentials,
    TimeSpan? MaxAge,
    Place Place)
{
    public const string Everybody = "*";

    private const string NamePattern = "^[A-Za-z0-9!#$%&'+.^_`|~-]{1,100}$";

    private static readonly Key<IReadOnlyList<string>> OriginsKey = new("origins", Shapes.List(new OriginShape(), 1, 100),
        "The sites, each as scheme, host and port: https://shop.example. '*' alone is every site, where anybody may read without a credential.")
    {
        Required = true,
    };

    private static readonly Key<IReadOnlyList<string>> MethodsKey = new("methods",
        Shapes.List(Method(), 1, 20),
        "The methods whose routes may be called; that of every route that has the key unless written.");

    private static readonly Key<IReadOnlyList<string>> HeadersKey = new("headers", Shapes.List(Name(), 1, 50),
        "The header fields of requests that scripts may set, besides those that every form can send.");

    private static readonly Key<IReadOnlyList<string>> ExposeKey = new("expose", Shapes.List(Name(), 1, 50),
        "The header fields of answers that scripts may read, besides the harmless ones.");

    private static readonly Key<bool> CredentialsKey = new("credentials", Shapes.Flag(),
        "Whether browsers may send cookies and client certificates along, and scripts then read the answer; false unless written.");

    private static readonly Key<TimeSpan> MaxAgeKey = new("maxAge", Shapes.Duration(TimeSpan.Zero, TimeSpan.FromDays(1)),
        "How long browsers may remember the answer to a preflight; their own few seconds unless written.");

    public static Shape<CorsSpec> Shape { get; } = new Section<CorsSpec>("cors",
        [OriginsKey, MethodsKey, HeadersKey, ExposeKey, CredentialsKey, MaxAgeKey], Read);

    public bool IsForEverybody => Origins.Contains(Everybody);

    /// <summary>Whether it says anything besides which sites.</summary>
    public bool SaysMoreThanOrigins => Headers.Count > 0 || Expose.Count > 0 || Credentials || MaxAge is not null;

    /// <summary>Whether the routes of this method are opened.</summary>
    public bool Covers(string method) => Methods.Count == 0 || Methods.Contains(method);

    private static CorsSpec? Read(SectionReader text)
    {
        var origins = text.Get(OriginsKey);
        var spec = new CorsSpec(
            origins ?? [],
            text.Get(MethodsKey) ?? [],
            text.Get(HeadersKey) ?? [],
            text.Get(ExposeKey) ?? [],
            text.Get(CredentialsKey, false),
            text.Find(MaxAgeKey)?.Value,
            text.PlaceOf(OriginsKey));
        if (spec.IsForEverybody && spec.Origins.Count > 1)
            text.Complain(Rules.Contradiction, OriginsKey, "'*' stands for every site, beside others that are named", "name the sites, without '*'");
        if (spec is { IsForEverybody: true, Credentials: true })
            text.Complain(Rules.CrossOrigin, CredentialsKey, "every site could read what the visitor's credentials open",
                "name the sites in 'origins'");
        return origins is null ? null : spec;
    }

    private static Shape<string> Method() => Shapes.Parsed<string>("a method in capitals", "^[A-Z-]{1,32}$",
        (ScalarNode node, out string value) => (value = node.Text).Length is > 0 and <= 32 && value.All(c => char.IsAsciiLetterUpper(c) || c == '-'));

    /// <summary>A field's name; the wildcard of the protocol is none: it would allow what nobody has thought of.</summary>
    private static Shape<string> Name() => Shapes.Parsed<string>("a header field's name", NamePattern,
        (ScalarNode node, out string value) => (value = node.Text).Length is > 0 and <= 100
            && value.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'+.^_`|~-".Contains(c, StringComparison.Ordinal)));
}

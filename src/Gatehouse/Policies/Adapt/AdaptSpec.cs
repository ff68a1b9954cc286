using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Adapt;

internal sealed record HeaderValue(string Name, string Value);

internal sealed record HeaderRename(string From, string To);

/// <summary>Changes of header fields, made in this order: remove, rename, set, add.</summary>
internal sealed record HeaderChanges(
    IReadOnlyList<string> Remove, IReadOnlyList<HeaderRename> Rename, IReadOnlyList<HeaderValue> Set, IReadOnlyList<HeaderValue> Add);

/// <summary>
/// A change of the path's beginning: <paramref name="Strip"/> is taken away, then <paramref name="Add"/> is put in front. Both are empty or begin
/// with a slash and end without.
/// </summary>
internal sealed record PathChange(string Strip, string Add, Place Place);

/// <summary>What a route says about adapting requests for its backend, and the backend's answers for its clients.</summary>
internal sealed record AdaptSpec(HeaderChanges? Request, PathChange? Path, HeaderChanges? Response, AnswerRules Answers)
{
    private static readonly Key<PathChange> PathKey = new("path",
        new Section<PathChange>("a path's adaptation", [PathKeys.Strip, PathKeys.Add], PathKeys.Read),
        "Changes the beginning of the path that is forwarded.");

    private static readonly Key<HeaderChanges> RequestHeaders = new("headers",
        HeaderChangesShape.For("a request's header fields", ReservedHeaders.OfRequest),
        "Changes the header fields that are forwarded, in this order: remove, rename, set, add.");

    private static readonly Key<HeaderChanges> ResponseHeaders = new("headers",
        HeaderChangesShape.For("a response's header fields", ReservedHeaders.OfResponse),
        "Changes the header fields of the backend's answer, in this order: remove, rename, set, add.");

    private static readonly Key<ByteSize> MaxKey = new("max", Shapes.Size(new ByteSize(1), new ByteSize(1L << 40)),
        "The most bytes that an answer's body may have. One that says it has more is refused; one that turns out to have more is cut.");

    private static readonly Key<bool> ErrorsKey = new("errors", Shapes.OneOf(("pass", false), ("replace", true)),
        "Whether the backend's own words about an error reach the client. 'replace' refuses in the place of an answer with a status of 500 or more and leaves an error page in HTML out; 'pass' where nothing is written.");

    private static readonly Key<Side> RequestKey = new("request",
        new Section<Side>("a request's adaptation", [RequestHeaders, PathKey], r => new Side(r.Get(RequestHeaders), r.Get(PathKey), AnswerRules.None)),
        "How the request is changed before it is forwarded.");

    private static readonly Key<Side> ResponseKey = new("response",
        new Section<Side>("a response's adaptation", [ResponseHeaders, MaxKey, ErrorsKey], r => new Side(
            r.Get(ResponseHeaders), null, new AnswerRules(r.Get(MaxKey, new ByteSize(long.MaxValue)).Bytes, r.Get(ErrorsKey, false)))),
        "How the backend's answer is changed before it is sent on. The gateway's own refusals stay as they are.");

    public static IReadOnlyList<Key> Keys { get; } = [RequestKey, ResponseKey];

    public static AdaptSpec? Read(RouteSource source)
    {
        var request = source.Find(RequestKey)?.Value;
        var response = source.Find(ResponseKey)?.Value;
        return request is null && response is null ? null : new AdaptSpec(
            request?.Headers, request?.Path, response?.Headers, response?.Answers ?? AnswerRules.None);
    }

    /// <summary>What is stripped has to stand at the beginning of every path that the route matches.</summary>
    public void Check(Route route, Findings findings)
    {
        if (Path is not { Strip.Length: > 0 } path) return;
        var template = route.Match.Path.Text;
        if (template == path.Strip || template.StartsWith(path.Strip + "/", StringComparison.Ordinal)) return;
        findings.Add(Rules.Adaptation, path.Place, $"'{path.Strip}' does not begin the path {Show.Bounded(template)} of route {route.Id}",
            "strip whole segments, without names in them, from the beginning of the route's path");
    }

    private sealed record Side(HeaderChanges? Headers, PathChange? Path, AnswerRules Answers);

    private static class PathKeys
    {
        public static readonly Key<string> Strip = new("strip", Prefix(), "What the route's path begins with and the backend's does not.");

        public static readonly Key<string> Add = new("add", Prefix(), "What the backend's path begins with and the route's does not.");

        public static PathChange? Read(SectionReader reader) => new(reader.Get(Strip) ?? "", reader.Get(Add) ?? "", reader.PlaceOf(Strip));

        /// <summary>Segments that are in normal form whatever stands around them: nothing to decode, no dots alone, none empty.</summary>
        private static Shape<string> Prefix() =>
            Shapes.Parsed<string>("the beginning of a path such as /v1, of plain characters and without a slash at its end",
            "^(/[A-Za-z0-9._~!$&'()*+,=:@-]+){1,20}$",
            (ScalarNode node, out string value) => IsPrefix(value = node.Text));

        private static bool IsPrefix(string text)
        {
            if (text.Length is < 2 or > 500 || text[0] != '/') return false;
            foreach (var segment in text[1..].Split('/'))
            {
                if (segment is "" or "." or "..") return false;
                foreach (var c in segment)
                    if (!char.IsAsciiLetterOrDigit(c) && !"._~!$&'()*+,=:@-".Contains(c)) return false;
            }

            return true;
        }
    }
}

using Gatehouse.Audit;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Record;

/// <summary>The values of a route's parameters that may be read in the trail, because its declaration says so.</summary>
internal sealed class ListedParameters
{
    private readonly IReadOnlyList<Segment> _segments;
    private readonly (string Label, string Name, int Segment)[] _listed;

    public ListedParameters(Route route)
    {
        _segments = route.Match.Path.Segments;
        _listed = [.. route.Audit.Listed.Select(name => LabelOf(name, PathValue.IndexOf(name, _segments)))];
    }

    public IReadOnlyList<AuditDetail> Of(Exchange exchange)
    {
        var details = new List<AuditDetail>(_listed.Length);
        foreach (var (label, name, segment) in _listed)
        {
            if (segment >= 0)
            {
                details.Add(new AuditDetail(label, RequestParameters.Decode(PathValue.Of(_segments, segment, exchange.Path)).ToString()));
                continue;
            }

            if (exchange.Query.Length == 0) continue;
            var left = RequestParameters.MostValues;
            foreach (var value in new QueryValues(exchange.Query, name))
            {
                details.Add(new AuditDetail(label, RequestParameters.Decode(value).ToString()));
                if (--left == 0) break;
            }
        }

        return details;
    }

    private static (string Label, string Name, int Segment) LabelOf(string name, int segment) =>
        (segment >= 0 ? "path." + name : "query." + name, name, segment);
}

using Gatehouse.Audit;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Record;

/// <summary>Finds out whom an exchange is about, and keeps it as digests: the values themselves go no further.</summary>
internal sealed class AboutReader(Route route, InvestigationKey key)
{
    private readonly AboutSource[] _sources = [.. route.Audit.About];
    private readonly int[] _segments = [.. route.Audit.About.Select(a => PathValue.IndexOf(a.Name, route.Match.Path.Segments))];

    /// <summary>Whom the exchange is about, as far as its request has got to say so.</summary>
    public IReadOnlyList<AboutEntry> Read(Exchange exchange)
    {
        var entries = new List<AboutEntry>(_sources.Length);
        for (var i = 0; i < _sources.Length; i++)
        {
            var (source, segments) = (_sources[i], route.Match.Path.Segments);
            if (source.Part == RequestPart.Path) Add(entries, source.Subject, PathValue.Of(segments, _segments[i], exchange.Path));
            else if (source.Part == RequestPart.Query) AddParameters(entries, source, exchange.Query);
            else if (exchange.Caller is { } caller) AddClaims(entries, source, caller.Claims[source.Name]);
        }

        return entries;
    }

    private void AddClaims(List<AboutEntry> entries, AboutSource source, IReadOnlyList<string> values)
    {
        for (var i = 0; i < values.Count && i < RequestParameters.MostValues; i++) entries.Add(key.About(source.Subject, values[i]));
    }

    private void AddParameters(List<AboutEntry> entries, AboutSource source, string query)
    {
        if (query.Length == 0) return;
        var left = RequestParameters.MostValues;
        foreach (var value in new QueryValues(query, source.Name))
        {
            Add(entries, source.Subject, value);
            // some read a blank
            if (value.Contains('+')) Add(entries, source.Subject, value.ToString().Replace("+", "%20", StringComparison.Ordinal));
            if (--left == 0) return;
        }
    }

    private void Add(List<AboutEntry> entries, string subject, ReadOnlySpan<char> encoded)
    {
        if (!encoded.IsEmpty) entries.Add(key.About(subject, RequestParameters.Decode(encoded)));
    }
}

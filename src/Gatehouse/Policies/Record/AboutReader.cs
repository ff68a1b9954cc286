using Gatehouse.Audit;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Record;

/// <summary>Finds out whom a request is about, and keeps it as digests: the values themselves go no further.</summary>
internal sealed class AboutReader
{
    private readonly IReadOnlyList<Segment> _path;
    private readonly InvestigationKey _key;
    private readonly AboutSource[] _sources;
    private readonly int[] _segments;

    public AboutReader(Route route, InvestigationKey key)
    {
        (_path, _key) = (route.Match.Path.Segments, key);
        _sources = [.. route.Audit.About.Where(a => a.Part != SubjectPart.Response)];
        _segments = [.. _sources.Select(a => PathValue.IndexOf(a.Name, _path))];
    }

    /// <summary>Whom the exchange is about, as far as its request has got to say so.</summary>
    public IReadOnlyList<AboutEntry> Read(Exchange exchange)
    {
        var entries = new List<AboutEntry>(_sources.Length);
        for (var i = 0; i < _sources.Length; i++)
        {
            var source = _sources[i];
            if (source.Part == SubjectPart.Path) Add(entries, source.Subject, PathValue.Of(_path, _segments[i], exchange.Path));
            else if (source.Part == SubjectPart.Query) AddParameters(entries, source, exchange.Query);
            else if (exchange.Caller is { } caller) AddClaims(entries, source, caller.Claims[source.Name]);
        }

        return entries;
    }

    private void AddClaims(List<AboutEntry> entries, AboutSource source, IReadOnlyList<string> values)
    {
        for (var i = 0; i < values.Count && i < RequestParameters.MostValues; i++) entries.Add(_key.About(source.Subject, values[i]));
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
        if (!encoded.IsEmpty) entries.Add(_key.About(subject, RequestParameters.Decode(encoded)));
    }
}

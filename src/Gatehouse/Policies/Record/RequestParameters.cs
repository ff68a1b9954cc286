using System.Text;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Record;

/// <summary>Reads values of a request's path and query as a backend reads them.</summary>
internal static class RequestParameters
{
    /// <summary>Values of one name that are taken: who writes a parameter more often hides nothing by it, for the first ones are there.</summary>
    public const int MostValues = 4;

    /// <summary>The value percent-decoded. What octets that are no UTF-8 stand for nobody can say: such a value stays as it is written.</summary>
    public static ReadOnlySpan<char> Decode(ReadOnlySpan<char> encoded)
    {
        if (!encoded.Contains('%')) return encoded;
        var text = new StringBuilder(encoded.Length);
        return PathValue.TryDecode(encoded, text) ? text.ToString() : encoded;
    }
}

/// <summary>The values of one name in a query, each still encoded.</summary>
/// <param name="query">With its question mark.</param>
internal ref struct QueryValues(ReadOnlySpan<char> query, string name)
{
    private ReadOnlySpan<char> _left = query[1..];
    private bool _ended;

    public ReadOnlySpan<char> Current { get; private set; }

    public readonly QueryValues GetEnumerator() => this;

    public bool MoveNext()
    {
        while (!_ended)
        {
            var end = _left.IndexOf('&');
            var parameter = end < 0 ? _left : _left[..end];
            if (end < 0) _ended = true;
            else _left = _left[(end + 1)..];
            var equals = parameter.IndexOf('=');
            if (equals < 0 || !RequestParameters.Decode(parameter[..equals]).SequenceEqual(name)) continue;
            Current = parameter[(equals + 1)..];
            return true;
        }

        return false;
    }
}

using System.Text;
using Gatehouse.Audit;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Gatehouse.Policies.Record;

/// <summary>Where the answers of a route say whom its exchanges are about.</summary>
internal sealed class AnswerSources
{
    private readonly (string Subject, byte[][] Names)[] _sources;

    private AnswerSources((string Subject, byte[][] Names)[] sources, InvestigationKey key) => (_sources, Key) = (sources, key);

    /// <summary>Under which they are kept.</summary>
    public InvestigationKey Key { get; }

    public int Count => _sources.Length;

    /// <summary>Null for a route whose answers say nothing of it.</summary>
    public static AnswerSources? Of(Route route, InvestigationKey key)
    {
        (string Subject, byte[][] Names)[] sources =
        [
            .. from source in route.Audit.About
               where source.Part == SubjectPart.Response
               select (source.Subject, source.Name.Split('.').Select(Encoding.UTF8.GetBytes).ToArray()),
        ];
        return sources.Length == 0 ? null : new AnswerSources(sources, key);
    }

    /// <summary>What kind of somebody one of them names.</summary>
    public string Subject(int source) => _sources[source].Subject;

    /// <summary>The names that lead to one of them, from the outermost.</summary>
    public byte[][] Names(int source) => _sources[source].Names;

    /// <summary>Asks for an answer that can be read: whole, and in no coding.</summary>
    public static void AskForReadable(Exchange exchange)
    {
        var headers = exchange.Http.Request.Headers;
        headers.Remove(HeaderNames.AcceptEncoding);
        headers.Remove(HeaderNames.Range);
    }

    /// <summary>Begins to read an answer whose head is there; null where it has no body.</summary>
    public AnswerSubjects? Begin(Exchange exchange) =>
        exchange.Status is StatusCodes.Status204NoContent or StatusCodes.Status304NotModified or < StatusCodes.Status200OK
            ? null
            : new AnswerSubjects(this, IsReadable(exchange.ResponseHeaders));

    private static bool IsReadable(IHeaderDictionary headers) =>
        headers.ContentEncoding.Count == 0
        && MediaTypeHeaderValue.TryParse(headers.ContentType.ToString(), out var type)
        && (type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase));
}

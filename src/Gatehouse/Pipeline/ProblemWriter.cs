using System.Buffers;
using System.Collections.Frozen;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Pipeline;

/// <summary>
/// Answers refusals as <c>application/problem+json</c> (RFC 9457): type, title, status and the exchange's id, nothing internal. Never throws: there
/// is nobody left who could answer.
/// </summary>
internal static class ProblemWriter
{
    private const string ContentType = "application/problem+json";
    private static readonly byte[] End = "\"}"u8.ToArray();

    /// <summary>For each problem, its JSON up to the exchange's id.</summary>
    private static readonly FrozenDictionary<Problem, byte[]> Beginnings =
        Problems.All.ToFrozenDictionary(p => p, Begin, (IEqualityComparer<Problem>)ReferenceEqualityComparer.Instance);

    /// <summary>
    /// Writes the refusal, unless the response has begun: then the connection is cut, because what was sent can no longer be made true.
    /// </summary>
    public static async ValueTask WriteAsync(Exchange exchange, Verdict verdict)
    {
        try
        {
            var problem = verdict.Problem!;
            exchange.Problem = problem;
            exchange.Reason = verdict.Reason;
            var response = exchange.Http.Response;
            if (response.HasStarted)
            {
                exchange.Http.Abort();
                return;
            }

            WriteHead(exchange, problem, response);
            if (HttpMethods.IsHead(exchange.Http.Request.Method)) return; // RFC 9110 section 9.3.2: the head as for GET, and no content
            exchange.ResponseBytes = response.ContentLength!.Value;
            WriteBody(exchange, problem, response.BodyWriter);
            await response.BodyWriter.FlushAsync();
        }
        catch (Exception e)
        {
            // the client has gone away, or the server is broken: either way nobody hears an answer, and half of one must not look whole
            exchange.Failure ??= e;
            exchange.Http.Abort();
        }
    }

    private static void WriteHead(Exchange exchange, Problem problem, HttpResponse response)
    {
        // what a backend has sent does not belong to the refusal that replaces it
        if (exchange.Walk.ResponseShown || exchange.Forward.BeganAt != 0) response.Headers.Clear();
        exchange.Status = response.StatusCode = problem.Status;
        exchange.Walk.OnRefusal(exchange);
        var headers = response.Headers;
        headers.ContentType = ContentType;
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        headers["X-Request-Id"] = exchange.RequestId;
        if (exchange.Forward.RetrySeconds is > 0 and var seconds) headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        headers.TransferEncoding = default;
        headers.ContentEncoding = default;
        headers.ContentLength = BeginningOf(problem).Length + exchange.RequestId.Length + End.Length;

        if ((problem.Closes || exchange.IsLast) && exchange.IsHttp1) headers.Connection = "close";
        LeftBody.Announce(exchange);
    }

    private static void WriteBody(Exchange exchange, Problem problem, PipeWriter body)
    {
        var beginning = BeginningOf(problem);
        var id = exchange.RequestId;
        var span = body.GetSpan(beginning.Length + id.Length + End.Length);
        beginning.CopyTo(span);
        var at = beginning.Length;
        // never a way out of the string
        foreach (var c in id) span[at++] = char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? (byte)c : (byte)'_';
        End.CopyTo(span[at..]);
        body.Advance(at + End.Length);
    }

    private static byte[] BeginningOf(Problem problem) => Beginnings.TryGetValue(problem, out var known) ? known : Begin(problem);

    private static byte[] Begin(Problem problem)
    {
        var type = JsonEncodedText.Encode(problem.Type, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
        var title = JsonEncodedText.Encode(problem.Title, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
        return Encoding.UTF8.GetBytes($$"""{"type":"{{type}}","title":"{{title}}","status":{{problem.Status}},"requestId":""" + '"');
    }
}

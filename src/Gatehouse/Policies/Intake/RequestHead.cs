using System.Buffers;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Policies.Intake;

/// <summary>
/// One pass over a request's header fields: counts them, refuses what is ambiguous, removes what a client may not say and what its <c>Connection</c>
/// field nominates (RFC 9110 section 7.6.1).
/// </summary>
internal static class RequestHead
{
    private const int LineOverhead = 4; // colon, blank, CR and LF

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-");

    /// <summary>C0 without the tab, DEL.</summary>
    private static readonly SearchValues<char> AsciiControls = SearchValues.Create(
        [.. Enumerable.Range(0, 0x80).Where(c => c is (< 0x20 or 0x7f) and not '\t').Select(c => (char)c)]);

    /// <param name="nominated">What <c>Connection</c> says, where the server has kept less of it.</param>
    public static Verdict Clean(HttpRequest request, string? nominated, IntakeLimits limits)
    {
        var headers = request.Headers;
        var count = 0;
        var bytes = 0L;
        List<string>? remove = null;
        foreach (var (name, values) in headers)
        {
            if (name.AsSpan().ContainsAnyExcept(NameCharacters)) return Malformed("a header field's name has an underscore or another odd character");
            count += values.Count;
            foreach (var value in values)
            {
                if (HasControl(value)) return Malformed("a header field's value has a control character");
                // the parser of HTTP/1.1 takes them off (RFC 9113 section 8.2.1)
                if (value is [' ' or '\t', ..] or [.., ' ' or '\t']) return Malformed("a header field's value begins or ends with a blank");
                bytes += name.Length + (value?.Length ?? 0) + LineOverhead;
            }

            if (HeaderRules.IsStripped(name)) (remove ??= []).Add(name);
        }

        if (count > limits.HeaderCount) return Verdict.Reject(Problems.HeadersTooLarge, "too many header fields");
        if (bytes > limits.Headers) return Verdict.Reject(Problems.HeadersTooLarge, "the header fields are too large together");
        if (FaultOfFraming(request) is { } fault) return Malformed(fault);
        if (headers.Expect.Count > 0 && !IsContinue(headers.Expect))
            return Verdict.Reject(Problems.ExpectationFailed, "Expect is not exactly 100-continue");
        if (headers.Connection.Count > 0 && !TryRemoveNominated(headers, headers.Connection))
            return Malformed("Connection nominates a field that must stay");
        if (nominated is not null && !TryRemoveNominated(headers, nominated)) return Malformed("Connection nominates a field that must stay");
        if (remove is not null)
            foreach (var name in remove) headers.Remove(name);
        return Verdict.Continue;
    }

    /// <summary>With those of C1. In two looks, because each is a vector's work and the set of both is not.</summary>
    private static bool HasControl(ReadOnlySpan<char> value) => value.ContainsAny(AsciiControls) || value.ContainsAnyInRange('\x80', '\x9f');

    /// <summary>
    /// Two statements about where a body ends (RFC 9112 section 6.3). The server has settled for one by now; of a Content-Length that stood beside a
    /// Transfer-Encoding it keeps the trace looked for here.
    /// </summary>
    private static string? FaultOfFraming(HttpRequest request)
    {
        var headers = request.Headers;
        if (headers.ContainsKey("X-Content-Length")) return "the request has two lengths";
        if (HttpProtocol.IsHttp2(request.Protocol) && (headers.KeepAlive.Count > 0 || headers.ContainsKey("Proxy-Connection")))
            return "a field of the connection does not belong to this version"; // RFC 9113 section 8.2.2; of the others the parser knows
        var encoding = headers.TransferEncoding;
        if (encoding.Count == 0) return null;
        if (headers.ContainsKey("Content-Length")) return "the request has two lengths";
        if (request.Protocol != "HTTP/1.1") return "Transfer-Encoding does not belong to this version";
        var chunked = encoding.Count == 1 && string.Equals(encoding[0], "chunked", StringComparison.OrdinalIgnoreCase);
        return chunked ? null : "Transfer-Encoding is not exactly chunked";
    }

    /// <summary>The only expectation there is (RFC 9110 section 10.1.1).</summary>
    private static bool IsContinue(StringValues expect) =>
        expect.Count == 1 && string.Equals(expect[0], "100-continue", StringComparison.OrdinalIgnoreCase);

    private static bool TryRemoveNominated(IHeaderDictionary headers, StringValues connection)
    {
        foreach (var value in connection)
        {
            var text = value.AsSpan();
            foreach (var range in text.Split(','))
            {
                var name = text[range].Trim(" \t");
                if (name.IsEmpty || HeaderRules.IsConnectionOption(name)) continue;
                if (name.ContainsAnyExcept(NameCharacters) || HeaderRules.IsProtected(name)) return false;
                headers.Remove(name.ToString());
            }
        }

        return true;
    }

    private static Verdict Malformed(string reason) => Verdict.Reject(Problems.MalformedRequest, reason);
}

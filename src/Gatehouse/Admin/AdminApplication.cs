using System.Net;
using System.Text;
using Gatehouse.Assertions;
using Gatehouse.Pipeline;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Gatehouse.Admin;

/// <summary>
/// Answers operators and orchestrators, on listeners of their own. Nothing of the data path runs here, and no data listener leads here.
/// </summary>
/// <param name="metrics">Null where there is none: on the health listener.</param>
/// <param name="keys">The public keys of assertions, null where there are none; on the health listener null itself.</param>
/// <param name="detailed">Whether the caller may know more than yes or no; then only names of this machine are accepted as <c>Host</c>, so that no
/// web page can reach the listener through a name that it made point here.</param>
/// <param name="explain">Says what became of an exchange; null where nobody may ask.</param>
internal sealed class AdminApplication(HealthPage health, MetricsPage? metrics, Func<byte[]?>? keys, bool detailed, ExplainPage? explain = null)
    : IHttpApplication<HttpContext>
{
    private const string KeysPath = "/assertion-keys";

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public Task ProcessRequestAsync(HttpContext context)
    {
        if (detailed && !IsNameOfThisMachine(context)) return RefuseAsync(context, Problems.Misdirected);
        if (!HttpMethods.IsGet(context.Request.Method))
            return RefuseAsync(context, IsPage(context.Request.Path.Value) ? Problems.MethodNotAllowed : Problems.NotFound);
        context.Response.Headers.CacheControl = "no-store";
        return context.Request.Path.Value switch
        {
            "/livez" => TextAsync(context, StatusCodes.Status200OK, "ok"),
            "/readyz" => ReadyAsync(context),
            "/metrics" when metrics is not null => metrics.AnswerAsync(context),
            KeysPath when keys?.Invoke() is { } set => KeysAsync(context, set),
            { } path when explain is not null && path.StartsWith(ExplainPage.Prefix, StringComparison.Ordinal) =>
                ExplainAsync(context, explain, path.AsSpan(ExplainPage.Prefix.Length)),
            _ => RefuseAsync(context, Problems.NotFound),
        };
    }

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    private static bool IsNameOfThisMachine(HttpContext context)
    {
        var host = context.Request.Host.Host;
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase)) return true;
        if (!IPAddress.TryParse(host, out var address)) return false;
        return IPAddress.IsLoopback(address) || address.Equals(context.Connection.LocalIpAddress);
    }

    private static Task RefuseAsync(HttpContext context, Problem problem)
    {
        if (problem == Problems.MethodNotAllowed) context.Response.Headers.Allow = HttpMethods.Get;
        return AnswerAsync(context, problem.Status, "application/problem+json",
            $$"""{"type":"{{problem.Type}}","title":"{{problem.Title}}","status":{{problem.Status}}}""");
    }

    private static Task TextAsync(HttpContext context, int status, string text) => AnswerAsync(context, status, "text/plain; charset=utf-8", text);

    private static Task ExplainAsync(HttpContext context, ExplainPage explain, ReadOnlySpan<char> id)
    {
        if (!RequestIdText.TryRead(id, out var wanted)) return RefuseAsync(context, Problems.MalformedRequest);
        return explain.Find(wanted) is { } found
            ? AnswerAsync(context, StatusCodes.Status200OK, "application/json", found)
            : AnswerAsync(context, StatusCodes.Status404NotFound, "application/problem+json", explain.Unknown());
    }

    private static Task KeysAsync(HttpContext context, byte[] keys)
    {
        context.Response.Headers.CacheControl = AssertionIssuer.CacheControl;
        return AnswerAsync(context, StatusCodes.Status200OK, AssertionIssuer.KeySetType, keys);
    }

    private static Task AnswerAsync(HttpContext context, int status, string contentType, string text) =>
        AnswerAsync(context, status, contentType, Encoding.UTF8.GetBytes(text));

    private static Task AnswerAsync(HttpContext context, int status, string contentType, byte[] body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = body.Length;
        return context.Response.Body.WriteAsync(body).AsTask();
    }

    private bool IsPage(string? path) => path is "/livez" or "/readyz"
        || (explain is not null && path?.StartsWith(ExplainPage.Prefix, StringComparison.Ordinal) == true)
        || (path == "/metrics" && metrics is not null) || (path == KeysPath && keys?.Invoke() is not null);

    private Task ReadyAsync(HttpContext context)
    {
        var status = health.IsReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        return detailed
            ? AnswerAsync(context, status, "application/json", health.Detail())
            : TextAsync(context, status, health.IsReady ? "ready" : "not ready");
    }
}

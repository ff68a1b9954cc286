using Gatehouse.Pipeline;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Policies.Adapt;

/// <summary>
/// Changes the request that is forwarded and the backend's answer, as the route says. What no answer may say, whatever the route, was left behind
/// before (<c>Upstreams/AnswerFields</c>).
/// </summary>
/// <param name="personal">Whether answers hold personal data: then no cache keeps them, unless the route itself says otherwise.</param>
internal sealed class AdaptPolicy(AdaptSpec? spec, bool personal) : Policy
{
    private const int Error = 400;
    private static readonly StringValues NoStore = "no-store";
    private readonly AnswerRules _answers = spec?.Answers ?? AnswerRules.None;
    private readonly HeaderRewrite? _request = spec?.Request is { } changes ? new HeaderRewrite(changes) : null;
    private readonly HeaderRewrite? _response = spec?.Response is { } changes ? new HeaderRewrite(changes) : null;
    private readonly PathChange? _path = spec?.Path;

    public override string Name => AdaptKind.KindName;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        exchange.Answers = _answers;
        ByteRanges.Bound(exchange.RequestHeaders);
        _request?.Apply(exchange.RequestHeaders);
        if (_path is not { } path) return new(Verdict.Continue);
        var whole = exchange.Path;
        if (!whole.StartsWith(path.Strip, StringComparison.Ordinal) || (whole.Length > path.Strip.Length && whole[path.Strip.Length] != '/'))
            return new(Verdict.Reject(Problems.InternalError, "a path without the prefix to strip"));
        var forwarded = string.Concat(path.Add, whole.AsSpan(path.Strip.Length));
        exchange.ForwardedPath = forwarded.Length == 0 ? "/" : forwarded;
        return new(Verdict.Continue);
    }

    public override void OnResponse(Exchange exchange)
    {
        if (exchange.Problem is not null) return; // a refusal is the gateway's own, and has nothing of a backend's
        var headers = exchange.ResponseHeaders;
        if (personal) KeepFromCaches(headers);
        else if (exchange.Status >= Error && headers.CacheControl.Count == 0) headers.CacheControl = NoStore; // caches guess: RFC 9111 section 4.2.2
        _response?.Apply(headers);
    }

    private static void KeepFromCaches(IHeaderDictionary headers)
    {
        headers.CacheControl = NoStore;
        // what networks and proxies in between would believe instead (RFC 9213 section 2.1 and its like)
        headers.Remove("Surrogate-Control");
        headers.Remove("Edge-Control");
        headers.Remove("X-Accel-Expires");
        List<string>? targeted = null;
        foreach (var (name, _) in headers)
            if (name.EndsWith("-Cache-Control", StringComparison.OrdinalIgnoreCase)) (targeted ??= []).Add(name);
        if (targeted is null) return;
        foreach (var name in targeted) headers.Remove(name);
    }
}

/// <summary>Changes of header fields, ready to be made.</summary>
internal sealed class HeaderRewrite(HeaderChanges changes)
{
    private readonly string[] _remove = [.. changes.Remove];
    private readonly HeaderRename[] _rename = [.. changes.Rename];
    private readonly (string Name, StringValues Value)[] _set = [.. changes.Set.Select(s => (s.Name, new StringValues(s.Value)))];
    private readonly (string Name, StringValues Value)[] _add = [.. changes.Add.Select(a => (a.Name, new StringValues(a.Value)))];

    public void Apply(IHeaderDictionary headers)
    {
        foreach (var name in _remove) headers.Remove(name);
        foreach (var rename in _rename)
        {
            if (headers.Remove(rename.From, out var values)) headers[rename.To] = values;
        }

        foreach (var (name, value) in _set) headers[name] = value;
        foreach (var (name, value) in _add) headers[name] = StringValues.Concat(headers[name], value);
    }
}

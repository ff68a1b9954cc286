using Gatehouse.Pipeline;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Gatehouse.Policies.Body;

/// <summary>
/// Bounds the request's body. What changes something is read to its end before a backend hears of it, so that no backend acts on half a request;
/// the rest is counted while it is forwarded. A whole body is looked through before: what it unpacks to, and what its JSON would cost whoever reads
/// it. A whole body has to be there within the route's deadline, however it comes. Where there is no body, nothing is done.
/// </summary>
internal sealed class BodyPolicy(BodyRules rules, Spool spool, TimeProvider clock) : Policy
{
    public override string Name => BodyKind.KindName;

    public BodyRules Rules { get; } = rules;

    private long Max => Rules.Max;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        var request = exchange.Http.Request;
        if (!HasBody(exchange.Http)) return new(Verdict.Continue);
        if (IsUpgrade(exchange.Http)) return new(Verdict.Continue);
        if (!TakesCoding(request, out var coding)) return new(Verdict.Reject(Problems.EncodedBody, "the body has a content coding"));
        if (request.ContentLength > Max) return new(Verdict.Reject(Problems.BodyTooLarge, "the announced length is over the route's"));
        // of chunks the server counts the lines between them too: those are bounded where they are seen, and the bytes are counted here
        long? most = exchange.IsHttp1 && request.ContentLength is null ? null : Max;
        if (exchange.Http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } server) server.MaxRequestBodySize = most;
        if (Rules.Whole || request.ContentLength == 0) return ReadWholeAsync(exchange, coding); // no body at all is proven by its end alone
        if (Rules.MayPause && exchange.Http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
        request.Body = new CountedBody(request.Body, Max, exchange);
        return new(Verdict.Continue);
    }

    public override void OnFinished(Exchange exchange) => exchange.WholeBody?.Dispose();

    private static bool HasBody(HttpContext http) =>
        http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody
        ?? (http.Request.ContentLength > 0 || http.Request.Headers.TransferEncoding.Count > 0);

    /// <summary>
    /// What a body is when it is unpacked has no bound unless the route gives it one, and then it is looked at whole (RFC 9110 section 8.4).
    /// </summary>
    private bool TakesCoding(HttpRequest request, out Coding coding) =>
        Codings.TryRead(request.Headers.ContentEncoding, out coding) && (coding == Coding.None || (Rules.Codings & coding) != 0);

    /// <summary>What follows an upgrade is a conversation, not a body. Over HTTP/1.1 such a request cannot have one at all.</summary>
    private bool IsUpgrade(HttpContext http) =>
        http.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
        || (Rules.Upgrades && http.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true });

    /// <summary>Is over when the route's deadline is; null where it has none.</summary>
    private CancellationTokenSource? DeadlineOf(Exchange exchange)
    {
        if (exchange.Route?.Deadline is not { } deadline) return null;
        var left = deadline - clock.GetElapsedTime(exchange.StartedAt);
        return new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, clock);
    }

    private async ValueTask<Verdict> ReadWholeAsync(Exchange exchange, Coding coding)
    {
        var request = exchange.Http.Request;
        var reader = new WholeBodyReader(new CountedBody(request.Body, Max, exchange), spool, AddressKey.Of(exchange.Client.Value));
        using var late = DeadlineOf(exchange); // of a body that is announced as empty too: over HTTP/2 only its end says that it is
        try
        {
            // a client that leaves ends the reading by itself
            var body = await reader.ReadAsync(request.ContentLength, late?.Token ?? exchange.Http.RequestAborted);
            exchange.WholeBody = body;
            request.Body = body;
            request.Headers.Remove("Transfer-Encoding"); // the body is forwarded with the length that it turned out to have
            request.ContentLength = body.Length;
            return await WholeCheck.OfAsync(exchange, body, coding, Rules);
        }
        catch (OperationCanceledException e) when (late is { IsCancellationRequested: true } && !exchange.ClientIsGone)
        {
            exchange.Failure = e;
            return Verdict.Reject(Problems.RequestTimeout, "the body did not come within the route's deadline");
        }
        catch (SpoolFullException)
        {
            return Verdict.Reject(Problems.Overloaded, "no room for another body");
        }
        catch (SpoolFailedException e)
        {
            exchange.Failure = e;
            return Verdict.Reject(Problems.Overloaded, "the body could not be kept until it was whole");
        }
        catch (Exception e) when (exchange.BodyProblem is { } problem)
        {
            exchange.Failure = e;
            return Verdict.Reject(problem, "the body could not be read to its end");
        }
        catch (Exception e) when (exchange.ClientIsGone)
        {
            exchange.Failure = e;
            return ClientLeft.End(exchange);
        }
    }
}

using Gatehouse.Pipeline;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Runtime;

/// <summary>
/// The life of an exchange: the policies before the route, the route, its policies, forwarding; then the response and the end walk back. Every
/// exchange takes this way, refusals included.
/// </summary>
internal static class ExchangeRunner
{
    public static async Task RunAsync(Exchange exchange, CompiledListener listener)
    {
        try
        {
            exchange.Walk.Begin(listener.BeforeRoute, listener.Names);
            var verdict = await PolicyPipeline.OnRequestAsync(exchange, listener.BeforeRoute);
            if (verdict.Kind == VerdictKind.Continue) verdict = await RunRouteAsync(exchange, listener.Routes);
            if (verdict.Kind == VerdictKind.Reject) await ProblemWriter.WriteAsync(exchange, verdict);
            else if (exchange.Status == 0) ShowAnswer(exchange);
        }
        catch (Exception e) when (ClientLeft.Explains(exchange, e))
        {
            ClientLeft.End(exchange);
        }
        catch (Exception e)
        {
            exchange.Failure ??= e;
            exchange.DecidedBy ??= "runner";
            await ProblemWriter.WriteAsync(exchange, Verdict.Reject(Problems.InternalError, "the gateway threw"));
        }
        finally
        {
            Finish(exchange, listener);
        }
    }

    /// <summary>Ends an exchange that the HTTP parser has refused and answered: only the first policy, the record, hears of it.</summary>
    public static void RecordOnly(Exchange exchange, CompiledListener listener, Problem problem, string reason)
    {
        exchange.Problem = problem;
        exchange.Reason = reason;
        exchange.DecidedBy = "parser";
        exchange.Walk.Begin(listener.BeforeRoute, listener.Names);
        exchange.Walk.Enter(listener.BeforeRoute, 0);
        Finish(exchange, listener);
    }

    private static void Finish(Exchange exchange, CompiledListener listener)
    {
        var threw = exchange.Walk.OnFinished(exchange);
        if (threw > 0) listener.FaultsAtEnd.Add(threw);
        if (exchange.Stream != 0 && exchange.Connection!.Streams is { } streams && !streams.Write(exchange.Stream, exchange.Problem is not null))
            exchange.Http.Abort();
    }

    private static ValueTask<Verdict> RunRouteAsync(Exchange exchange, RouteTable routes)
    {
        if (exchange.Method == HttpMethods.Options && AskPreflight(exchange, routes) is { } asked) return DecideAsync(exchange, asked, routes);
        var match = routes.Find(exchange);
        if (match.Route is { } route) return DecideAsync(exchange, route, routes);
        exchange.DecidedBy = "route";
        if (match.Allow is null)
            return new(Verdict.Reject(Problems.NotFound, match.IsUnclear ? "a condition of the route occurs more than once" : "no route"));
        exchange.ResponseHeaders.Allow = match.Allow;
        return new(Verdict.Reject(Problems.MethodNotAllowed, "no route for this method"));
    }

    /// <summary>The route that a browser asks about before it calls; null for every other request, and where no route answers it.</summary>
    private static CompiledRoute? AskPreflight(Exchange exchange, RouteTable routes)
    {
        var headers = exchange.RequestHeaders;
        if (headers.Origin.Count == 0 || headers.AccessControlRequestMethod is not [{ } method]) return null;
        if (routes.FindForPreflight(exchange, method) is not { Route: { } asked } match) return null;
        if (asked.IsHiddenFrom(exchange) && routes.Find(exchange).Route is not null) return null; // as though it were not there
        exchange.Preflight = new Preflight(match.Allow!);
        return asked;
    }

    /// <summary>A policy has answered: where its answer is not on its way yet, the others see the head, as they see a backend's.</summary>
    private static void ShowAnswer(Exchange exchange)
    {
        var response = exchange.Http.Response;
        exchange.Status = response.StatusCode;
        if (response.HasStarted) return;
        response.Headers["X-Request-Id"] = exchange.RequestId;
        LeftBody.Announce(exchange);
        exchange.Walk.OnResponse(exchange);
    }

    private static async ValueTask<Verdict> DecideAsync(Exchange exchange, CompiledRoute route, RouteTable routes)
    {
        exchange.Route = route.Route;
        exchange.RouteFields = route.Fields;
        exchange.RouteTally = route.Tally;
        exchange.Walk.Continue(route.Policies, route.Names);
        var verdict = await PolicyPipeline.OnRequestAsync(exchange, route.Policies);
        if (verdict.Kind == VerdictKind.Reject) return Hide(exchange, route, routes, verdict);
        if (verdict.Kind != VerdictKind.Continue) return verdict;
        if (exchange.Preflight is not null) return Verdict.Reject(Problems.InternalError, "a preflight that nobody has answered");
        return await route.ForwardAsync(exchange);
    }

    /// <summary>
    /// Who may not learn of a route is told what it would be told without it: of the methods that are served there, where there are some. The record
    /// says what was decided, and by whom.
    /// </summary>
    private static Verdict Hide(Exchange exchange, CompiledRoute route, RouteTable routes, Verdict verdict)
    {
        if (!ReferenceEquals(verdict.Problem, Problems.NotFound) || !route.IsHiddenFrom(exchange)) return verdict;
        if (routes.AllowWhereHidden(exchange) is not { } allow) return verdict;
        exchange.ResponseHeaders.Allow = allow;
        return Verdict.Reject(Problems.MethodNotAllowed, verdict.Reason);
    }
}

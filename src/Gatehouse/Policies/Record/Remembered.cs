using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Record;

/// <summary>What is remembered of an exchange: fields of its line in the access log, and who saw it. No address, and nobody that it is for.</summary>
internal static class Remembered
{
    private static readonly TimeSpan Never = TimeSpan.FromTicks(-1);
    private static readonly string[] Shapes =
        [.. Enumerable.Range(0, 10).Select(n => AccessLine.ShapeOf(string.Concat(Enumerable.Repeat("/x", n))).ToString())];

    public static void Add(PastExchanges past, Exchange exchange, TimeProvider clock, TimeSpan total)
    {
        if (!RequestIdText.TryRead(exchange.RequestId, out var id)) return;
        var (forward, walk) = (exchange.Forward, exchange.Walk);
        past.Add(new PastExchange
        {
            Id = id,
            EndedAt = clock.GetUtcNow().UtcTicks,
            Revision = exchange.Revision,
            Listener = exchange.Listener.Name,
            Protocol = exchange.Http.Request.Protocol,
            Method = AccessLine.MethodOf(exchange.Method) is "*" ? "*" : exchange.Method,
            Route = exchange.Route?.Id.Value,
            Path = exchange.Route?.Match.Path.Text ?? ShapeOf(exchange.Path),
            Status = exchange.Status,
            Problem = exchange.Problem?.Name,
            Reason = exchange.Reason,
            DecidedBy = exchange.DecidedBy,
            Failure = exchange.Failure?.GetType().Name,
            Consumer = exchange.ConsumerName,
            CredentialKind = exchange.CredentialKind,
            CredentialId = exchange.CredentialId,
            Before = walk.NamesBefore,
            After = walk.NamesAfter,
            EnteredBefore = walk.EnteredBefore,
            EnteredAfter = walk.EnteredAfter,
            Limits = exchange.Limits,
            Limit = exchange.TightestLimit ?? default,
            ReportedLimit = exchange.ReportedLimit,
            Upstream = forward.Upstream ?? (forward.Destination is null ? null : exchange.Route?.Upstream),
            Destination = forward.Destination,
            Attempts = forward.Attempts,
            UpstreamStatus = forward.Status,
            Total = total,
            UntilForwarding = forward.BeganAt == 0 ? Never : clock.GetElapsedTime(exchange.StartedAt, forward.BeganAt),
            UpstreamHead = forward.BeganAt == 0 || forward.HeadAt == 0 ? Never : clock.GetElapsedTime(forward.BeganAt, forward.HeadAt),
            UpstreamWhole = forward.BeganAt == 0 || forward.EndedAt == 0 ? Never : clock.GetElapsedTime(forward.BeganAt, forward.EndedAt),
        });
    }

    private static string ShapeOf(string path) => path.Length <= 1 ? "/" : Shapes[Math.Clamp(path.AsSpan().Count('/'), 1, Shapes.Length - 1)];
}

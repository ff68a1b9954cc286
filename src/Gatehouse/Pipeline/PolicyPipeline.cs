namespace Gatehouse.Pipeline;

/// <summary>
/// Walks one part of the catalogue. There is no "next": a policy says what it decided, and this runner acts on it, so that no policy can forget the
/// rest, run it twice or swallow it. A policy that throws refuses the exchange,
/// unless all that it says is that the client is gone.
/// </summary>
internal static class PolicyPipeline
{
    public static ValueTask<Verdict> OnRequestAsync(Exchange exchange, Policy[] policies)
    {
        for (var i = 0; i < policies.Length; i++)
        {
            var policy = policies[i];
            exchange.Walk.Enter(policies, i);
            ValueTask<Verdict> deciding;
            try
            {
                deciding = policy.OnRequestAsync(exchange);
                if (!deciding.IsCompletedSuccessfully) return WaitAsync(exchange, policies, i, deciding);
            }
            catch (Exception e)
            {
                return new(Threw(exchange, policy, e));
            }

            var verdict = deciding.Result;
            if (verdict.Kind == VerdictKind.Continue) continue;
            exchange.DecidedBy = policy.Name;
            return new(verdict);
        }

        return new(Verdict.Continue);
    }

    private static async ValueTask<Verdict> WaitAsync(Exchange exchange, Policy[] policies, int from, ValueTask<Verdict> deciding)
    {
        for (var i = from; ;)
        {
            var policy = policies[i];
            Verdict verdict;
            try
            {
                verdict = await deciding;
            }
            catch (Exception e)
            {
                return Threw(exchange, policy, e);
            }

            if (verdict.Kind != VerdictKind.Continue)
            {
                exchange.DecidedBy = policy.Name;
                return verdict;
            }

            if (++i == policies.Length) return Verdict.Continue;
            exchange.Walk.Enter(policies, i);
            try
            {
                deciding = policies[i].OnRequestAsync(exchange);
            }
            catch (Exception e)
            {
                return Threw(exchange, policies[i], e);
            }
        }
    }

    private static Verdict Threw(Exchange exchange, Policy policy, Exception e)
    {
        if (ClientLeft.Explains(exchange, e)) return ClientLeft.End(exchange);
        exchange.DecidedBy = policy.Name;
        exchange.Failure = e;
        return Verdict.Reject(Problems.InternalError, "a policy threw");
    }
}

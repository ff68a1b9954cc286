namespace Gatehouse.Pipeline;

/// <summary>
/// One rule applied to an exchange. A policy decides; the runner acts. It is compiled once for a listener or a route, serves many exchanges at
/// once, and keeps what belongs to one exchange on the <see cref="Exchange"/>.
/// </summary>
public abstract class Policy
{
    /// <summary>The kind's name, for the log: who decided. A constant.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// Decides about the request. To complete synchronously is the normal case and allocates nothing. A policy that throws refuses the exchange.
    /// </summary>
    public virtual ValueTask<Verdict> OnRequestAsync(Exchange exchange) => new(Verdict.Continue);

    /// <summary>
    /// Sees the response's head, a refusal's included, before it is sent; in reverse order, for every policy that saw the request. A policy
    /// that throws turns an answer into a refusal, which the policies see in turn: so this may run twice, the second time with an empty
    /// head and the problem set.
    /// </summary>
    public virtual void OnResponse(Exchange exchange)
    {
    }

    /// <summary>Runs once for every policy that saw the request, in reverse order, however the exchange ended. What it throws changes nothing for
    /// the others, and is counted.</summary>
    public virtual void OnFinished(Exchange exchange)
    {
    }

    /// <summary>Whether the exchange's client is not even to learn that there is such a route, nor what methods it has.</summary>
    internal virtual bool Hides(Exchange exchange) => false;
}

namespace Gatehouse.Pipeline;

/// <summary>Remembers which policies saw a request, so that the response and the end walk back through exactly those.</summary>
internal sealed class PolicyWalk
{
    private Policy[] _beforeRoute = [];
    private Policy[] _afterRoute = [];
    private int _enteredBefore;
    private int _enteredAfter;
    private bool _refusalShown;

    /// <summary>The names of the policies before the route, and of the route's, in their order; empty where nobody gave them.</summary>
    public string[] NamesBefore { get; private set; } = [];

    public string[] NamesAfter { get; private set; } = [];

    /// <summary>How many of each saw the request.</summary>
    public int EnteredBefore => _enteredBefore;

    public int EnteredAfter => _enteredAfter;

    /// <summary>Whether a response's head was shown to the policies; it may hold what a backend sent.</summary>
    public bool ResponseShown { get; private set; }

    public void Begin(Policy[] beforeRoute, string[]? names = null) => (_beforeRoute, NamesBefore) = (beforeRoute, names ?? []);

    public void Continue(Policy[] afterRoute, string[]? names = null) => (_afterRoute, NamesAfter) = (afterRoute, names ?? []);

    public void Enter(Policy[] part, int index)
    {
        if (ReferenceEquals(part, _beforeRoute)) _enteredBefore = index + 1;
        else _enteredAfter = index + 1;
    }

    /// <summary>
    /// Shows an answer's head to the policies, once, last one first. What a policy throws is thrown on: an answer that a policy could not look at is
    /// not sent.
    /// </summary>
    public void OnResponse(Exchange exchange)
    {
        if (ResponseShown) return;
        ResponseShown = true;
        Show(_afterRoute, _enteredAfter, exchange);
        Show(_beforeRoute, _enteredBefore, exchange);
    }

    /// <summary>
    /// Shows a refusal's head to the policies, once, last one first. It is sent whatever they throw: nothing can be refused more than it is.
    /// </summary>
    public void OnRefusal(Exchange exchange)
    {
        if (_refusalShown) return;
        ResponseShown = _refusalShown = true;
        ShowRefusal(_afterRoute, _enteredAfter, exchange);
        ShowRefusal(_beforeRoute, _enteredBefore, exchange);
    }

    /// <summary>Ends the exchange for the policies, last one first. Returns how many of them threw.</summary>
    public int OnFinished(Exchange exchange) => Finish(_afterRoute, _enteredAfter, exchange) + Finish(_beforeRoute, _enteredBefore, exchange);

    private static void Show(Policy[] policies, int entered, Exchange exchange)
    {
        for (var i = entered - 1; i >= 0; i--)
        {
            try
            {
                policies[i].OnResponse(exchange);
            }
            catch (Exception e)
            {
                exchange.DecidedBy = policies[i].Name;
                exchange.Failure = e;
                throw;
            }
        }
    }

    private static void ShowRefusal(Policy[] policies, int entered, Exchange exchange)
    {
        for (var i = entered - 1; i >= 0; i--)
        {
            try
            {
                policies[i].OnResponse(exchange);
            }
            catch (Exception e)
            {
                exchange.Failure ??= e; // the client is refused already: the others may still add their fields
            }
        }
    }

    private static int Finish(Policy[] policies, int entered, Exchange exchange)
    {
        var thrown = 0;
        for (var i = entered - 1; i >= 0; i--)
        {
            try
            {
                policies[i].OnFinished(exchange);
            }
            catch (Exception)
            {
                thrown++; // the exchange is over: the others must still hear of it
            }
        }

        return thrown;
    }
}

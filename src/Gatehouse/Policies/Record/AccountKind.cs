using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Record;

/// <summary>Where the declaration has a trail, every accountable route has it.</summary>
internal sealed class AccountKind() : RoutePolicyKind(KindName)
{
    public const string KindName = "account";

    public override Policy? Compile(Route route, CompileContext context) =>
        route.IsAccountable && context.Subjects is { } key
            ? new AccountPolicy(new ExchangeRecords(route, key, context.Clock), BookOf(context), AnswerSources.Of(route, key)) : null;

    /// <summary>The one book of the process.</summary>
    public static AccountBook BookOf(CompileContext context) =>
        context.State.Get(KindName, "", () => new AccountBook(context.Trail, context.Events, context.Clock));
}

/// <summary>What an accountable exchange needs before it is forwarded: its intent written where it changes something, else a place.</summary>
internal sealed class IntentKind() : RoutePolicyKind(KindName)
{
    public const string KindName = "intent";

    public override Policy? Compile(Route route, CompileContext context)
    {
        if (!route.IsAccountable || context.Subjects is not { } key) return null;
        var book = AccountKind.BookOf(context);
        return route.Changes ? new IntentPolicy(new ExchangeRecords(route, key, context.Clock), book) : new PlacePolicy(book);
    }
}

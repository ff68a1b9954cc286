using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.ApiKeys;

/// <summary>
/// Every route has it, anonymous ones too: a key in the wrong place or a wrong key is refused everywhere, and none reaches a backend.
/// </summary>
internal sealed class ApiKeysKind() : RoutePolicyKind(KindName)
{
    public const string KindName = "api-keys";

    public override Policy Compile(Route route, CompileContext context) =>
        context.Shared(KindName, () => new ApiKeysPolicy(new ApiKeyCheck(context.Consumers, context.Pepper, context.Clock)));
}

using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Upgrade;

/// <summary>Every route has it: where no upgrade is declared, asking for one is refused.</summary>
internal sealed class UpgradeKind() : RoutePolicyKind(KindName)
{
    public const string KindName = "upgrade";

    public override Policy Compile(Route route, CompileContext context) =>
        context.Shared((KindName, route.Upgrade), () => new UpgradePolicy(route.Upgrade == Routes.Upgrade.WebSocket));
}

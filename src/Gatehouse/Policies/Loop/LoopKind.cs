using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Loop;

/// <summary>Every listener has it: a gateway that calls itself never ends.</summary>
internal sealed class LoopKind() : ListenerPolicyKind(KindName)
{
    public const string KindName = "loop";

    public override Policy Compile(Listener listener, CompileContext context) =>
        context.Shared((KindName, context.Gateway), () => new LoopPolicy(context.Gateway));
}

using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Throttle;

/// <summary>Every listener has it; where it is off, it still tells of keys and paths that are guessed.</summary>
internal sealed class ThrottleKind() : ListenerPolicyKind(KindName)
{
    public const string KindName = "throttle";

    public override Policy Compile(Listener listener, CompileContext context) => new ThrottlePolicy(listener, context);
}

using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Intake;

/// <summary>Every listener has it: what is ambiguous in a request's head goes no further.</summary>
internal sealed class IntakeKind() : ListenerPolicyKind(KindName)
{
    public const string KindName = "intake";

    public override Policy Compile(Listener listener, CompileContext context) => new IntakePolicy(listener, context.Traces);
}

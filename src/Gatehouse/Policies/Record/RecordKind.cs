using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Record;

/// <summary>Every listener records every exchange.</summary>
internal sealed class RecordKind() : ListenerPolicyKind(KindName)
{
    public const string KindName = "record";

    public override Policy Compile(Listener listener, CompileContext context) => new RecordPolicy(listener, context);
}

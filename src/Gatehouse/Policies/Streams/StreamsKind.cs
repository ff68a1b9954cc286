using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Streams;

/// <summary>Every listener has it: what one address may have under way at once.</summary>
internal sealed class StreamsKind() : ListenerPolicyKind(KindName)
{
    public const string KindName = "streams";

    public override Policy Compile(Listener listener, CompileContext context) =>
        new StreamsPolicy(listener, context.State.Get(KindName, listener.Name, static () => new AddressShares()));
}

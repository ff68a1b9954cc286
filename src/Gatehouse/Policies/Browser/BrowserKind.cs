using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Browser;

/// <summary>Every listener has it: what it says holds for refusals and for answers of every service.</summary>
internal sealed class BrowserKind() : ListenerPolicyKind(KindName)
{
    public const string KindName = "browser";

    public override Policy Compile(Listener listener, CompileContext context) => new BrowserPolicy(listener.Tls?.Hsts);
}

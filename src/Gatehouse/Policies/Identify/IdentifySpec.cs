using System.Text.Json.Nodes;
using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Identify;

/// <summary>What a route says about the credential that it is called with.</summary>
/// <param name="ForwardReason">Why the backend gets the client's <c>Authorization</c> too.</param>
internal sealed record IdentifySpec(string ForwardReason)
{
    public static Key<string> ForwardKey { get; } = new("forwardCredential", new ReasonShape(),
        "Why the backend gets the client's Authorization as it was sent. Without it no credential of a client is forwarded.");

    public static IdentifySpec? Read(RouteSource source) =>
        source.Find(ForwardKey) is { } reason ? new IdentifySpec(reason.Value) : null;

    /// <summary>A reason, in words: whoever reads the inventory has to understand why a credential leaves the gateway.</summary>
    private sealed class ReasonShape : Shape<string>
    {
        private const int Shortest = 10;

        private readonly Shape<string> _text = Shapes.Text();

        public override bool TryRead(Node node, Findings findings, out string value)
        {
            value = "";
            if (node is ScalarNode { IsNothing: false } scalar && scalar.Text.Trim().Length >= Shortest)
                return _text.TryRead(node, findings, out value);
            findings.Add(Rules.ForwardedCredential, node.Place, "the client's credential would be forwarded without a reason",
                "forwardCredential: and a sentence that says why the backend cannot do without it");
            return false;
        }

        public override JsonObject ToSchema(SchemaWriter schema) =>
            new() { ["type"] = "string", ["minLength"] = Shortest, ["maxLength"] = 500 };
    }
}

using Gatehouse.Configuration;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>gateway</c>: what this gateway is called and who answers for it.</summary>
internal static class GatewaySection
{
    public static readonly Key<string> Name = new("name", Shapes.Name(), "The gateway's name, as logs and metrics show it.") { Required = true };
    public static readonly Key<string> Owner = new("owner", Shapes.Owner(), "Who answers for the gateway.") { Required = true };
    public static readonly Key<string> Environment = new(
        "environment",
        Shapes.Name(),
        "The environment, such as production or test.")
    {
        Required = true,
    };

    public static readonly Shape<GatewayText> Shape = new Section<GatewayText>("the gateway", [Name, Owner, Environment],
        text =>
        {
            // Each is read, so that each is complained about
            var (name, owner, environment) = (text.Get(Name), text.Get(Owner), text.Get(Environment));
            return name is null || owner is null || environment is null ? null : new GatewayText(name, owner, environment);
        });
}

internal sealed record GatewayText(string Name, string Owner, string Environment);

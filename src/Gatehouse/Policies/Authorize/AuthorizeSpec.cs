using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Authorize;

/// <summary><c>authorize</c> of a route, an api or its <c>each</c>: which authoriser is asked, and about what.</summary>
/// <param name="By">The authoriser's name.</param>
/// <param name="ResourceId">A text in which names of the route's path stand in braces.</param>
internal sealed record AuthorizeSpec(Located<string> By, string Action, string ResourceType, Located<string> ResourceId)
{
    private static readonly Key<Located<string>> ByKey = new("by", new NameShape(), "The authoriser that is asked, by name.") { Required = true };

    private static readonly Key<string> ActionKey = new("action", Shapes.Text(200), "What the call does, in the authoriser's words: orders.read.")
    {
        Required = true,
    };

    private static readonly Key<string> TypeKey = new("type", Shapes.Text(200), "What kind of thing it is, in the authoriser's words: order.")
    {
        Required = true,
    };

    private static readonly Key<string> IdKey = new("id", Shapes.Text(500), "Which one: a text in which a name of the route's path stands in braces.")
    {
        Required = true,
    };

    private static readonly Key<Resource> ResourceKey = new("resource",
        new Section<Resource>("a resource", [TypeKey, IdKey],
            text => text.Get(TypeKey) is { } type && text.Find(IdKey) is { } id ? new Resource(type, id) : null),
        "What the call is about.")
    {
        Required = true,
    };

    public static Shape<AuthorizeSpec> Shape { get; } = new Section<AuthorizeSpec>("authorize", [ByKey, ActionKey, ResourceKey], Read);

    private static AuthorizeSpec? Read(SectionReader text)
    {
        var (by, action, resource) = (text.Find(ByKey)?.Value, text.Get(ActionKey), text.Get(ResourceKey));
        return by is null || action is null || resource is null ? null : new AuthorizeSpec(by.Value, action, resource.Type, resource.Id);
    }

    private sealed record Resource(string Type, Located<string> Id);

    private sealed class NameShape : Shape<Located<string>>
    {
        private static readonly Shape<string> Name = Shapes.Name();

        public override bool TryRead(Node node, Findings findings, out Located<string> value)
        {
            var read = Name.TryRead(node, findings, out var name);
            value = new Located<string>(name, node.Place);
            return read;
        }

        public override System.Text.Json.Nodes.JsonObject ToSchema(SchemaWriter schema) => Name.ToSchema(schema);
    }
}

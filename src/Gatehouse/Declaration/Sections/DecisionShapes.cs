using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Sections;

/// <summary>The words for decisions.</summary>
internal static class DecisionShapes
{
    public static Shape<Exposure> Exposure() => Shapes.OneOf(
        ("public", Routes.Exposure.Public),
        ("partner", Routes.Exposure.Partner),
        ("internal", Routes.Exposure.Internal),
        ("administrative", Routes.Exposure.Administrative));

    public static Shape<Effect> Effect() => Shapes.OneOf(
        ("read", Routes.Effect.Read),
        ("write", Routes.Effect.Write),
        ("action", Routes.Effect.Action));

    public static Shape<PersonalData> PersonalData() => Shapes.OneOf(
        ("none", Routes.PersonalData.None), ("ordinary", Routes.PersonalData.Ordinary), ("special", Routes.PersonalData.Special));

    public static Shape<BackendChecks> BackendChecks() => Shapes.OneOf(
        ("object", Routes.BackendChecks.Object), ("service", Routes.BackendChecks.Service), ("none", Routes.BackendChecks.None));

    /// <summary>The word that stands for an exposure, for findings.</summary>
    public static string Word(Exposure exposure) => exposure switch
    {
        Routes.Exposure.Public => "public",
        Routes.Exposure.Partner => "partner",
        Routes.Exposure.Internal => "internal",
        Routes.Exposure.Administrative => "administrative",
    };

    public static string Word(Effect effect) => effect switch
    {
        Routes.Effect.Read => "read",
        Routes.Effect.Write => "write",
        Routes.Effect.Action => "action",
    };

    public static string Word(PersonalData personalData) => personalData switch
    {
        Routes.PersonalData.None => "none",
        Routes.PersonalData.Ordinary => "ordinary",
        Routes.PersonalData.Special => "special",
    };

    public static string Word(BackendChecks checks) => checks switch
    {
        Routes.BackendChecks.Object => "object",
        Routes.BackendChecks.Service => "service",
        Routes.BackendChecks.None => "none",
    };

    /// <summary>A scope (RFC 6749 section 3.3). A wildcard is read, so that it can be refused for what it is.</summary>
    public static Shape<string> Scope() => Shapes.Parsed<string>("a scope such as orders.read",
        "^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$",
        (ScalarNode node, out string value) =>
            (value = node.Text).Length is > 0 and <= 100
            && value.All(c => char.IsAsciiLetterOrDigit(c) || "._:/-*".Contains(c, StringComparison.Ordinal)));

    /// <summary>The name of something declared elsewhere. A wildcard is read, so that it can be refused for what it is.</summary>
    public static Shape<string> Reference() => Shapes.Parsed<string>("a name",
        "^[a-z][a-z0-9-]{0,63}$",
        (ScalarNode node, out string value) => Shapes.IsName(value = node.Text) || value == "*");

    /// <summary>A path of a file, relative to the file it stands in.</summary>
    public static Shape<string> File() => Shapes.Text(1000);

    /// <summary>For a key whose feature is still to come: its value is not looked at, because writing the key is an error already.</summary>
    public static Shape<string> StillToCome() => Shapes.Text();
}

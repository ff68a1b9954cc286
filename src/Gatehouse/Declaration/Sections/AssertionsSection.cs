using System.Text.Json.Nodes;
using Gatehouse.Assertions;
using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>assertions</c>: under whose name and keys backends are told who calls.</summary>
internal static class AssertionsSection
{
    private const int LeastPemBytes = 1;

    public static readonly Key<string> Issuer = new(
        "issuer",
        Shapes.WebAddress(),
        "The name under which the gateway speaks: the 'iss' of every assertion.")
    {
        Required = true,
    };
    public static readonly Key<IReadOnlyList<Located<string>>> Keys = new(
        "keys",
        Shapes.List(new LocatedShape<string>(SecretReference.Shape), 1, 5),
        "Where the private keys are, in PEM: EC P-256, or RSA of at least 2048 bits. The first signs, all are published.")
    {
        Required = true,
    };
    public static readonly Key<TimeSpan> Lifetime = new(
        "lifetime", Shapes.Duration(TimeSpan.FromSeconds(10), AssertionIssuer.LongestLife), "How long an assertion holds; 60s unless written.");
    public static readonly Key<PublishText> Publish = new(
        "publish", PublishSection.Shape, "A data listener and the path of it where backends fetch the public keys.");

    public static readonly Shape<AssertionsText> Shape = new Section<AssertionsText>("assertions", [Issuer, Keys, Lifetime, Publish], text =>
    {
        // Each is read, so that each is complained about
        var (issuer, keys, publish) = (text.Get(Issuer), text.Get(Keys), text.Get(Publish));
        var lifetime = text.Get(Lifetime, AssertionIssuer.LongestLife);
        return issuer is null || keys is null ? null : new AssertionsText(issuer, keys, lifetime, publish);
    });

    /// <summary>The issuer with its keys; null when one of them cannot be had, and then a finding says why.</summary>
    public static AssertionIssuer? Read(AssertionsText text, GatewayText? gateway, NamedFiles files)
    {
        var keys = new List<AssertionKey>(text.Keys.Count);
        foreach (var reference in text.Keys)
        {
            if (SecretReference.Resolve(reference, "assertion key", LeastPemBytes, files) is not { } pem) continue;
            if (AssertionKey.Read(pem, out var fault) is not { } key)
                files.Findings.Add(Rules.UnusableFile, reference.Place, $"'{Show.Bounded(reference.Value)}' cannot sign assertions: {fault}",
                    "make one with: gatehouse key init FILE --assertions");
            else if (keys.Exists(k => k.Id == key.Id))
                files.Findings.Add(
                    Rules.DuplicateKey, reference.Place, $"'{Show.Bounded(reference.Value)}' is a key that stands in the list already");
            else keys.Add(key);
        }

        if (keys.Count < text.Keys.Count || gateway is null) return null;
        return new AssertionIssuer(text.Issuer, keys)
        {
            Lifetime = text.Lifetime,
            Gateway = gateway.Name,
            Environment = gateway.Environment,
            Publish = text.Publish is { } publish ? new PublishedKeys(publish.Listener.Value, publish.Path.Value) : null,
        };
    }
}

internal sealed record AssertionsText(string Issuer, IReadOnlyList<Located<string>> Keys, TimeSpan Lifetime, PublishText? Publish);

/// <summary><c>publish</c> of <c>assertions</c>.</summary>
internal static class PublishSection
{
    public static readonly Key<string> Listener = new("listener", DecisionShapes.Reference(), "The listener that serves the keys.")
    {
        Required = true,
    };
    public static readonly Key<string> Path = new("path",
        Shapes.Parsed<string>("a path of plain segments such as /.well-known/gatehouse/keys", "^(/[A-Za-z0-9._~-]+){1,10}$",
            (ScalarNode node, out string value) => IsPath(value = node.Text)),
        "The one path; no route of that listener may have it.")
    {
        Required = true,
    };

    public static readonly Shape<PublishText> Shape = new Section<PublishText>("published keys", [Listener, Path],
        text => text.Find(Listener) is { } listener && text.Find(Path) is { } path ? new PublishText(listener, path) : null);

    private static bool IsPath(string text) =>
        text.Length is > 1 and <= 200 && text[0] == '/' && NormalPath.TryRead(text, text, out var normal, out _) && normal == text
            && text.All(c => c == '/' || char.IsAsciiLetterOrDigit(c) || "._~-".Contains(c, StringComparison.Ordinal)) && text[^1] != '/';
}

internal sealed record PublishText(Located<string> Listener, Located<string> Path);

/// <summary><c>assertion</c> of a route: a word, or <c>none</c> with its reason.</summary>
internal sealed class AssertionUseShape : Shape<AssertionUse>
{
    private static readonly Key<string> Reason = new("none", Shapes.Text(), "Why the backend is sent no assertion.") { Required = true };

    private static readonly Shape<AssertionUse> Word = Shapes.OneOf(("reuse", AssertionUse.Reuse), ("perRequest", AssertionUse.PerRequest));

    private static readonly Section<string> None = new("no assertion", [Reason], text => text.Get(Reason));

    public override bool TryRead(Node node, Findings findings, out AssertionUse value)
    {
        value = AssertionUse.None;
        return node is MapNode ? None.TryRead(node, findings, out _) : Word.TryRead(node, findings, out value);
    }

    public override JsonObject ToSchema(SchemaWriter schema) => new() { ["anyOf"] = new JsonArray(Word.ToSchema(schema), None.ToSchema(schema)) };
}

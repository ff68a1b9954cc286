using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Gatehouse.Configuration;
using Gatehouse.Declaration.Checks;
using Gatehouse.Stores;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>redis</c> of <c>stores</c>: what instances share.</summary>
internal static class RedisSection
{
    private static readonly TimeSpan UsualTimeout = TimeSpan.FromMilliseconds(100);

    public static readonly Key<IReadOnlyList<Located<string>>> Addresses = new("addresses",
        Shapes.List(new StoreAddressShape(), 1, 10), "Host and port of the servers of one store.")
    {
        Required = true,
    };

    public static readonly Key<int> Instances = new("instances", Shapes.Whole(1, 100),
        "How many instances share it, at most. While it is lost, each allows its share of a limit; leases are sized by it too.")
    {
        Required = true,
    };

    public static readonly Key<bool> Tls = new("tls", Shapes.Flag(), "Whether it is spoken to over TLS. It has to be, except on loopback.");

    public static readonly Key<string> Authorities = new("authorities", DecisionShapes.File(),
        "A PEM file with the authorities that it is trusted by; the system's unless written.");

    public static readonly Key<string> Password = new("password", SecretReference.Shape, "Where its password is: file:PATH or env:NAME.");

    public static readonly Key<string> User = new("user", Shapes.Text(100), "Its user (ACL); the default one unless written.");

    public static readonly Key<int> Database = new("database", Shapes.Whole(0, 1000), "The number of its database; 0 unless written.");

    private static readonly Key<string> Prefix = new("prefix",
        Shapes.Parsed<string>("a prefix of letters, digits, dots, hyphens and slashes, at most 100", "^[A-Za-z0-9][A-Za-z0-9./-]{0,99}$",
            (ScalarNode node, out string value) => (value = node.Text).Length is > 0 and <= 100 && char.IsAsciiLetterOrDigit(value[0])
                && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '/')),
        "Stands before every key; the gateway's name and environment unless written. Instances with the same one count together.");

    public static readonly Key<string> Pepper = new("pepper", SecretReference.Shape,
        "Where the secret is under which callers are named in it: file:PATH or env:NAME; that of 'keys' unless written.");

    private static readonly Key<TimeSpan> Timeout = new("timeout", Shapes.Duration(TimeSpan.FromMilliseconds(5), TimeSpan.FromSeconds(5)),
        "How long an answer may take; 100ms unless written. A call that has none by then is counted by this instance alone.");

    public static readonly Section<SectionReader> Shape = new("a redis store",
        [Addresses, Instances, Tls, Authorities, Password, User, Database, Prefix, Pepper, Timeout], text => text);

    /// <summary>What the environment says of it: where it is, how it is reached, and by how many.</summary>
    public static IReadOnlyList<Key> Placing { get; } = [Addresses, Instances, Tls, Authorities, Password, User, Database];

    /// <summary>The store as far as its text goes, or null when it says too little.</summary>
    /// <param name="pepper">That of API keys.</param>
    public static RedisSettings? Read(SectionReader text, GatewayText? gateway, Secret? pepper, NamedFiles files)
    {
        // Each is read, so that each is complained about
        var (addresses, instances, prefix) = (text.Find(Addresses), text.Find(Instances), text.Get(Prefix));
        var (user, tls, timeout, database) = (text.Get(User), text.Get(Tls, false), text.Get(Timeout, UsualTimeout), text.Get(Database, 0));
        var authorities = text.Find(Authorities) is { } file ? AuthoritiesFile.Read(file, files) : null;
        var password = text.Find(Password) is { } secret ? SecretReference.Resolve(secret, "password of the redis store", 1, files) : null;
        var own = text.Find(Pepper) is { } named ? SecretReference.Resolve(named, "pepper of the redis store", LeastPepperBytes, files) : null;
        if (text.Has(Authorities) && !tls)
            text.Complain(Rules.Contradiction, Authorities, "the redis store has authorities, but is not spoken to over TLS", "tls: true");
        if (addresses is null || instances is null || (prefix is null && (text.Has(Prefix) || gateway is null))) return null;
        return new RedisSettings(
            [.. addresses.Value.Value.Select(a => a.Value)], prefix ?? $"{gateway!.Name}/{gateway.Environment}", instances.Value.Value, timeout)
        {
            User = user,
            Password = password,
            Tls = tls,
            Authorities = authorities,
            Database = database,
            Pepper = own ?? pepper,
        };
    }

    private const int LeastPepperBytes = Consumers.ApiKeyHash.LeastPepperBytes;
}

/// <summary>Host and port of a store: <c>10.0.4.1:6379</c>, <c>redis.in.shop.example:6379</c>, <c>[::1]:6379</c>.</summary>
internal sealed class StoreAddressShape : Shape<Located<string>>
{
    private const string Pattern = "^([a-zA-Z0-9.-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}\\]):[0-9]{1,5}$";

    public override bool TryRead(Node node, Findings findings, out Located<string> value)
    {
        value = default;
        if (node is not ScalarNode { IsNothing: false } scalar || UriOf(scalar.Text) is not { } uri)
        {
            var written = node is ScalarNode { IsNothing: false } text && !text.Text.Contains('@', StringComparison.Ordinal)
                ? $"'{Show.Bounded(text.Text)}'" : "this";
            findings.Add(
                Rules.WrongType, node.Place, $"{written} is not the address of a store", "host and port and nothing else, as in 10.0.4.1:6379");
            return false;
        }

        if (Destinations.IsNobodysService(uri))
            findings.Add(Rules.ForbiddenDestination, node.Place, $"{Show.Bounded(scalar.Text)} is link-local or a metadata service");
        value = new Located<string>(scalar.Text, node.Place);
        return true;
    }

    public override JsonObject ToSchema(SchemaWriter schema) => new() { ["type"] = "string", ["pattern"] = Pattern };

    /// <summary>Whether what is sent there leaves the machine.</summary>
    public static bool IsLoopback(string address) => UriOf(address) is { IsLoopback: true };

    private static Uri? UriOf(string text)
    {
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port is 0 or > IPEndPoint.MaxPort) return null;
        return AddressShape.IsHost(text[..colon]) && Uri.TryCreate("https://" + text, UriKind.Absolute, out var uri) ? uri : null;
    }
}

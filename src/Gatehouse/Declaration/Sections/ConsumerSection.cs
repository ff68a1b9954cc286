using Gatehouse.Configuration;
using Gatehouse.Consumers;

namespace Gatehouse.Declaration.Sections;

/// <summary>An entry of <c>consumers</c>: a program that calls, who answers for it, and what proves that it is the one.</summary>
internal static class ConsumerSection
{
    public static readonly Key<ConsumerKind> Kind = new("kind",
        Shapes.OneOf(("application", ConsumerKind.Application), ("partner", ConsumerKind.Partner), ("service", ConsumerKind.Service)),
            "What kind of program calls.")
    {
        Required = true,
    };

    public static readonly Key<string> Owner = new("owner", Shapes.Owner(), "Who answers for this consumer.") { Required = true };
    public static readonly Key<IReadOnlyList<string>> Grants =
        new("grants", Shapes.List(DecisionShapes.Scope(), 0, 200), "The scopes that a key or a certificate of this consumer may use. "
            + "Where they are written, its tokens are cut down to them too.");

    public static readonly Key<IReadOnlyList<AuthenticationText>> Authenticate = new("authenticate", Shapes.List(AuthenticationSection.Shape, 1, 20),
        "What proves the consumer: alternatives, of which one has to hold completely.");

    public static readonly Key<AddressRules> Addresses = new("addresses", AddressRules.Shape,
        "From where this consumer may call, whichever entry of 'authenticate' holds. Never enough alone.");

    public static readonly Shape<SectionReader> Shape =
        new Section<SectionReader>("a consumer", [Kind, Owner, Grants, Addresses, Authenticate], text => text);

    /// <summary>The consumer as far as its text goes, or null when it says too little.</summary>
    public static Consumer? Read(Named<SectionReader> written)
    {
        var text = written.Value;
        var (kind, owner, grants, authenticate) = (text.Find(Kind), text.Get(Owner), text.Get(Grants), text.Get(Authenticate));
        var addresses = text.Get(Addresses);
        if (kind is null || owner is null || (text.Has(Addresses) && addresses is null)) return null;
        return new Consumer
        {
            Id = new ConsumerId(written.Name),
            Kind = kind.Value.Value,
            Owner = owner,
            Grants = (grants ?? []).Select(g => new Scope(g)).ToHashSet(),
            BoundsTokens = text.Has(Grants),
            Addresses = addresses,
            Authenticate =
            [
                .. (authenticate ?? []).Select(a => new Authentication(
                    a.ApiKey?.Value.Declared, a.Addresses, a.Token?.Value, a.Certificate?.Value, Issued: a.ApiKey is { Value.Declared: null })),
            ],
        };
    }
}

/// <summary>An entry of <c>authenticate</c>. Everything that it names has to hold.</summary>
internal static class AuthenticationSection
{
    public static readonly Key<NamedKey> ApiKey = new("apiKey", new NamedKeyShape(),
        "The API key that has to be presented: one that is named here, or any that was issued for the consumer.");

    public static readonly Key<Networks> Addresses =
        new("addresses", new AllowList(), "The networks that the caller has to come from. Never enough alone.");

    public static readonly Key<TokenBinding> Token =
        new("token", TokenSection.Shape, "The token that has to be presented: from which issuer, and issued to which client.");

    public static readonly Key<CertificateBinding> Certificate =
        new("certificate", CertificateSection.Shape, "The client certificate that the connection has to have.");

    public static readonly Shape<AuthenticationText> Shape =
        new Section<AuthenticationText>("a way to authenticate", [ApiKey, Addresses, Token, Certificate], Read);

    private static AuthenticationText? Read(SectionReader text)
    {
        var read = new AuthenticationText(text.Find(ApiKey), text.Find(Token), text.Find(Certificate), text.Get(Addresses), text.Place);
        if (Misses(ApiKey, read.ApiKey is null) || Misses(Token, read.Token is null) || Misses(Certificate, read.Certificate is null)
            || Misses(Addresses, read.Addresses is null))
            return null; // why it could not be read has been said; without it the entry would be looser than written
        if (read.ApiKey is not null || read.Token is not null || read.Certificate is not null) return read;
        if (text.Has(Addresses))
            text.Findings.Add(Rules.AddressAlone, text.Place, "an address alone does not prove who is calling",
                "add an 'apiKey', a 'token' or a 'certificate' to this entry");
        else
            text.Findings.Add(Rules.MissingKey, text.Place, "a way to authenticate needs 'apiKey', 'token' or 'certificate'",
                "make a key with: gatehouse key create --consumer NAME");
        return null;

        bool Misses(Key key, bool isNotRead) => isNotRead && text.Has(key);
    }
}

internal sealed record AuthenticationText(
    Located<NamedKey>? ApiKey, Located<TokenBinding>? Token, Located<CertificateBinding>? Certificate, Networks? Addresses, Place Place);

/// <param name="Declared">The key that is named; null for any that the register has for the consumer.</param>
internal sealed record NamedKey(ApiKeyCredential? Declared);

/// <summary><c>apiKey</c>: one key by what is kept of it, or <c>issued: true</c>.</summary>
internal sealed class NamedKeyShape : Shape<NamedKey>
{
    private static readonly Key<bool> Issued = new("issued", Shapes.Flag(),
        "Any key that was issued for this consumer with 'gatehouse key create --store', and is in the register.")
    {
        Required = true,
    };

    private static readonly Section<NamedKey> IssuedKeys = new("issued API keys", [Issued], text =>
    {
        if (text.Find(Issued) is not { } issued) return null;
        if (issued.Value) return new NamedKey(null);
        text.Complain(Rules.Contradiction, Issued, "an entry that takes no issued keys takes none at all", "leave the entry out");
        return null;
    });

    public override bool TryRead(Node node, Findings findings, out NamedKey value)
    {
        if (node is MapNode map && map[Issued.Name] is not null) return IssuedKeys.TryRead(node, findings, out value);
        var isRead = ApiKeySection.Shape.TryRead(node, findings, out var declared);
        value = new NamedKey(declared);
        return isRead;
    }

    public override System.Text.Json.Nodes.JsonObject ToSchema(SchemaWriter schema) => new()
    {
        ["anyOf"] = new System.Text.Json.Nodes.JsonArray(ApiKeySection.Shape.ToSchema(schema), IssuedKeys.ToSchema(schema)),
    };
}

/// <summary><c>apiKey</c>: what is kept of a key, never the key.</summary>
internal static class ApiKeySection
{
    public static readonly Key<string> Id =
        new("id", new IdShape(), "The key's public part.")
        {
            Required = true,
        };

    public static readonly Key<byte[]> Hash = new("hash", new HashShape(), "The key's hash under the pepper, as 'gatehouse key create' prints it.")
    {
        Required = true,
    };
    public static readonly Key<DateOnly> Expires = new("expires", Shapes.Date(), "The first day (UTC) on which the key is no longer accepted.")
    {
        Required = true,
    };
    public static readonly Key<DateOnly> Revoked = new("revoked", Shapes.Date(), "The first day (UTC) of the key's revocation.");

    public static readonly Shape<ApiKeyCredential> Shape = new Section<ApiKeyCredential>("an API key", [Id, Hash, Expires, Revoked], text =>
    {
        var (id, hash, expires, revoked) = (text.Get(Id), text.Get(Hash), text.Find(Expires), text.Find(Revoked));
        if (id is null || hash is null || expires is null || (revoked is null && text.Has(Revoked))) return null;
        return new ApiKeyCredential(id, hash, Midnight(expires.Value.Value), revoked is { } day ? Midnight(day.Value) : null);
    });

    private static DateTimeOffset Midnight(DateOnly day) => new(day, TimeOnly.MinValue, TimeSpan.Zero);

    /// <summary>A whole key that was pasted here is said to be one, and is not repeated in the finding.</summary>
    private sealed class IdShape : Shape<string>
    {
        private static readonly Shape<string> Text = Shapes.Parsed<string>(
            "a key's public id: 4 to 16 lower-case letters and digits",
            "^[a-z0-9]{4,16}$",
            (ScalarNode node, out string value) => (value = node.Text).Length is >= 4 and <= 16
                && value.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c)));

        public override bool TryRead(Node node, Findings findings, out string value)
        {
            if (node is not ScalarNode { Text: var written } || !written.Contains(ApiKeyText.Prefix, StringComparison.Ordinal))
                return Text.TryRead(node, findings, out value);
            value = "";
            findings.Add(Rules.InlineSecret, node.Place, "this is a key itself, not its public id",
                "the id is what stands behind ghk_, up to the next _; and the key has to be replaced, because it stood here");
            return false;
        }

        public override System.Text.Json.Nodes.JsonObject ToSchema(SchemaWriter schema) => Text.ToSchema(schema);
    }

    /// <summary>What is written wrongly here may be the key itself, so it is not repeated in the finding.</summary>
    private sealed class HashShape : Shape<byte[]>
    {
        public override bool TryRead(Node node, Findings findings, out byte[] value)
        {
            value = [];
            if (node is ScalarNode scalar && ApiKeyHash.TryRead(scalar.Text, out value)) return true;
            findings.Add(Rules.InlineSecret, node.Place, "this is not the hash of a key",
                "'hmac-sha256:' and 43 characters, as 'gatehouse key create' prints it; never the key itself");
            return false;
        }

        public override System.Text.Json.Nodes.JsonObject ToSchema(SchemaWriter schema) => new()
        {
            ["type"] = "string",
            ["pattern"] = "^hmac-sha256:[A-Za-z0-9_-]{43}$",
        };
    }
}

using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Gatehouse.Assertions;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Assert;

/// <summary>
/// Writes the assertions of one route: JSON Web Tokens (RFC 7519) signed by the gateway (RFC 7515), with the explicit type of RFC 8725 section 3.11.
/// </summary>
internal sealed class AssertionWriter
{
    public const string Type = "gatehouse-assertion+jwt";

    /// <summary>Every server takes header fields of this length.</summary>
    private const int Longest = 8 * 1024;

    private readonly AssertionIssuer _issuer;
    private readonly Route _route;
    private readonly string _audience;
    private readonly byte[] _head;

    /// <param name="audience">The upstream that they are for; null for the one that the route names.</param>
    public AssertionWriter(AssertionIssuer issuer, Route route, string? audience = null)
    {
        (_issuer, _route, _audience) = (issuer, route, audience ?? route.Upstream);
        var key = issuer.Signing;
        _head = Encoding.ASCII.GetBytes(Base64Url.EncodeToString(
            Encoding.UTF8.GetBytes($$"""{"alg":"{{key.Algorithm}}","typ":"{{Type}}","kid":"{{key.Id}}"}""")) + ".");
        Place = string.Create(CultureInfo.InvariantCulture,
            $"{key.Id} {issuer.Lifetime.Ticks} {issuer.Gateway} {issuer.Environment} {_audience} {route.Id} {issuer.Name}");
        PlaceHash = string.GetHashCode(Place, StringComparison.Ordinal);
    }

    /// <summary>Everything in an assertion that does not depend on the caller, as one text: equal where the declaration means the same.</summary>
    public string Place { get; }

    public int PlaceHash { get; }

    /// <summary>When an assertion that is made now ends: never after what proved who calls.</summary>
    public DateTimeOffset EndOf(DateTimeOffset now, DateTimeOffset expires)
    {
        var end = expires - now < _issuer.Lifetime ? expires : now + _issuer.Lifetime;
        return DateTimeOffset.FromUnixTimeSeconds(end.ToUnixTimeSeconds());
    }

    /// <param name="caller">Null for nobody in particular.</param>
    /// <param name="bound">The exchange that it is for alone; null where it may be reused.</param>
    /// <returns>Null when it would be longer than servers take.</returns>
    public string? Write(Caller? caller, DateTimeOffset now, DateTimeOffset end, Exchange? bound)
    {
        var claims = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(claims))
        {
            json.WriteStartObject();
            WriteEnvelope(json, now, end);
            WriteCaller(json, caller);
            if (bound is not null) WriteBinding(json, bound);
            json.WriteEndObject();
        }

        var length = _head.Length + Base64Url.GetEncodedLength(claims.WrittenCount);
        if (length > Longest) return null;
        Span<byte> data = length <= 2048 ? stackalloc byte[2048] : new byte[length];
        _head.CopyTo(data);
        Base64Url.EncodeToUtf8(claims.WrittenSpan, data[_head.Length..]);
        data = data[..length];
        return string.Concat(Encoding.ASCII.GetString(data), ".", Base64Url.EncodeToString(_issuer.Signing.Sign(data)));
    }

    private void WriteEnvelope(Utf8JsonWriter json, DateTimeOffset now, DateTimeOffset end)
    {
        json.WriteString("iss"u8, _issuer.Name);
        json.WriteString("aud"u8, _audience);
        json.WriteNumber("iat"u8, now.ToUnixTimeSeconds());
        json.WriteNumber("exp"u8, end.ToUnixTimeSeconds());
        Span<byte> unique = stackalloc byte[16];
        RandomNumberGenerator.Fill(unique);
        json.WriteString("jti"u8, Base64Url.EncodeToString(unique));
        json.WriteString("gateway"u8, _issuer.Gateway);
        json.WriteString("environment"u8, _issuer.Environment);
        json.WriteString("route"u8, _route.Id.Value);
    }

    private static void WriteCaller(Utf8JsonWriter json, Caller? caller)
    {
        if (caller is null)
        {
            json.WriteString("sub"u8, "anonymous"u8);
            json.WriteString("caller"u8, "anonymous"u8);
            return;
        }

        json.WriteString("sub"u8, caller.Person?.Subject ?? caller.Consumer.Id.Value);
        json.WriteString("caller"u8, caller.Person is null ? "consumer"u8 : "person"u8);
        json.WriteString("consumer"u8, caller.Consumer.Id.Value);
        json.WriteString("credential"u8, caller.CredentialKind);
        if (caller.Person is { } person) json.WriteString("issuer"u8, person.Issuer);
        json.WriteString("scope"u8, string.Join(' ', caller.ScopesInOrder()));
        if (caller.People.Count > 0)
        {
            json.WriteStartArray("people"u8);
            foreach (var group in caller.People) json.WriteStringValue(group);
            json.WriteEndArray();
        }

        WriteActors(json, caller);
    }

    /// <summary>
    /// RFC 8693 section 4.1: the current actor is outermost. Whoever calls for a person is one, by its name in the declaration; those whom the
    /// token names follow, by the names that its issuer has for them.
    /// </summary>
    private static void WriteActors(Utf8JsonWriter json, Caller caller)
    {
        if (caller.Person is null && caller.Actors.Count == 0) return;
        json.WriteStartObject("act"u8);
        json.WriteString("sub"u8, caller.Consumer.Id.Value);
        var first = caller.Actors.Count > 0 && IsConsumer(caller, caller.Actors[0]) ? 1 : 0; // it stands there already
        for (var i = first; i < caller.Actors.Count; i++)
        {
            json.WriteStartObject("act"u8);
            json.WriteString("sub"u8, caller.Actors[i]);
            if (caller.Person is { } person) json.WriteString("issuer"u8, person.Issuer);
        }

        for (var i = first; i <= caller.Actors.Count; i++) json.WriteEndObject();
    }

    private static bool IsConsumer(Caller caller, string actor)
    {
        foreach (var entry in caller.Consumer.Authenticate)
            if (entry.Token is { } token && token.Issuer == caller.Person?.Issuer && token.ClientId == actor) return true;
        return false;
    }

    private static void WriteBinding(Utf8JsonWriter json, Exchange exchange)
    {
        json.WriteString("method"u8, exchange.Method);
        json.WriteString("target"u8, DigestOf(exchange.ForwardedPath ?? exchange.Path, exchange.Query));
        json.WriteString("request"u8, exchange.RequestId);
    }

    /// <summary>SHA-256 of path and query, byte for byte as they are forwarded; both are ASCII.</summary>
    private static string DigestOf(string path, string query)
    {
        var length = path.Length + query.Length;
        Span<byte> target = length <= 1024 ? stackalloc byte[1024] : new byte[length];
        target = target[..length];
        Encoding.ASCII.GetBytes(path, target);
        Encoding.ASCII.GetBytes(query, target[path.Length..]);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(target, digest);
        return Base64Url.EncodeToString(digest);
    }
}

using System.Text;
using System.Text.Json;

namespace Gatehouse.Tokens;

/// <summary>
/// Asks an issuer about tokens that say nothing themselves (RFC 7662). Bounded: so many questions at a time, and one for a token however often it is
/// presented meanwhile. Without an answer nothing is good.
/// </summary>
internal sealed class Introspector(Issuer issuer, TimeProvider clock) : IDisposable
{
    private const int MostQuestions = 64;

    private readonly Introspection _settings = issuer.Introspection!;
    private readonly IssuerSite _site = new(issuer.Authorities, clock);
    private readonly string _authorization = AuthorizationOf(issuer.Introspection!);
    private readonly Lock _gate = new();
    private readonly Dictionary<TokenDigest, Task<IntrospectionAnswer>> _asked = [];

    /// <summary>Whether a text can be such a token: <c>b64token</c> of RFC 6750 section 2.1.</summary>
    public static bool CanBe(string text)
    {
        var end = text.Length;
        while (end > 0 && text[end - 1] == '=') end--;
        for (var i = 0; i < end; i++)
            if (!char.IsAsciiLetterOrDigit(text[i]) && text[i] is not ('-' or '.' or '_' or '~' or '+' or '/')) return false;
        return end > 0;
    }

    public Task<IntrospectionAnswer> AskAsync(string token, in TokenDigest digest)
    {
        lock (_gate)
        {
            if (_asked.TryGetValue(digest, out var running)) return running;
            if (_asked.Count >= MostQuestions)
                return Task.FromResult(new IntrospectionAnswer(null, "introspection: too many questions at once", true));
            return _asked[digest] = AskOnceAsync(token, digest);
        }
    }

    public void Dispose() => _site.Dispose();

    private async Task<IntrospectionAnswer> AskOnceAsync(string token, TokenDigest digest)
    {
        await Task.Yield(); // the caller holds the lock
        try
        {
            var form = Encoding.ASCII.GetBytes($"token={Uri.EscapeDataString(token)}&token_type_hint=access_token");
            var answer = await _site.PostAsync(_settings.Endpoint, form, _authorization, _settings.Timeout);
            return answer.Body is null ? new IntrospectionAnswer(null, "introspection: no answer", true) : Read(answer.Body);
        }
        catch (Exception)
        {
            return new IntrospectionAnswer(null, "introspection: no answer", true);
        }
        finally
        {
            lock (_gate) _asked.Remove(digest);
        }
    }

    private static IntrospectionAnswer Read(byte[] body)
    {
        using var document = TokenText.Parse(body);
        if (document is null || !document.RootElement.TryGetProperty("active"u8, out var active))
            return new IntrospectionAnswer(null, "introspection: the answer is none", true);
        if (active.ValueKind != JsonValueKind.True) return new IntrospectionAnswer(null, "token: not active", false);
        return TokenPayload.TryRead(document.RootElement, body, out var reason) is { } payload
            ? new IntrospectionAnswer(payload, "", false) : new IntrospectionAnswer(null, reason, false);
    }

    /// <summary>Both parts are written as in a form before they are joined (RFC 6749 section 2.3.1).</summary>
    private static string AuthorizationOf(Introspection settings)
    {
        var secret = Uri.EscapeDataString(Encoding.UTF8.GetString(settings.Secret.Bytes));
        return Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(settings.ClientId)}:{secret}"));
    }
}

/// <param name="Payload">What the token says, when it is active.</param>
/// <param name="Reason">Why there is none: a constant text.</param>
/// <param name="IsUnavailable">Whether that is for want of an answer.</param>
internal sealed record IntrospectionAnswer(TokenPayload? Payload, string Reason, bool IsUnavailable);

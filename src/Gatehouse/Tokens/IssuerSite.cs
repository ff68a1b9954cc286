using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Gatehouse.Tokens;

/// <summary>
/// Asks an issuer's servers: no redirects, no proxy, no cookies, no decompression, a bounded answer in a bounded time, and a certificate that is
/// always verified. What it is asked for comes from the declaration, or from a discovery document that was checked; never from a token.
/// </summary>
internal sealed class IssuerSite(byte[]? authorities, TimeProvider clock) : IDisposable
{
    public static readonly TimeSpan UsualTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Bytes of the longest answer.</summary>
    public const int LongestAnswer = 256 * 1024;

    private const int MostConnections = 64;

    private readonly HttpMessageInvoker _connections = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        ConnectTimeout = UsualTimeout,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(4),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        MaxConnectionsPerServer = MostConnections,
        MaxResponseHeadersLength = 16,
        MaxResponseDrainSize = 0,
        SslOptions = new SslClientAuthenticationOptions
        {
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            CertificateChainPolicy = authorities is null ? null : TrustOnly(authorities),
        },
    });

    public Task<SiteAnswer> GetAsync(Uri address) => SendAsync(HttpMethod.Get, address, null, null, UsualTimeout);

    /// <summary>Posts a form, with the client's id and secret (RFC 6749 section 2.3.1).</summary>
    public Task<SiteAnswer> PostAsync(Uri address, byte[] form, string authorization, TimeSpan timeout) =>
        SendAsync(HttpMethod.Post, address, form, authorization, timeout);

    public void Dispose() => _connections.Dispose();

    private async Task<SiteAnswer> SendAsync(HttpMethod method, Uri address, byte[]? form, string? authorization, TimeSpan timeout)
    {
        using var late = new CancellationTokenSource(timeout, clock);
        using var request = new HttpRequestMessage(method, address) { Version = HttpVersion.Version11 };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (authorization is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Basic", authorization);
        if (form is not null)
        {
            request.Content = new ByteArrayContent(form);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded");
        }

        try
        {
            using var response = await _connections.SendAsync(request, late.Token);
            if (response.StatusCode is not HttpStatusCode.OK) return SiteAnswer.Fail((int)response.StatusCode is >= 300 and < 400
                ? "it redirects" : "its status is not 200");
            return await ReadAsync(response.Content, late.Token);
        }
        catch (OperationCanceledException)
        {
            return SiteAnswer.Fail("it takes too long");
        }
        catch (Exception e) when (e is HttpRequestException { InnerException: AuthenticationException })
        {
            return SiteAnswer.Fail("its certificate is not trusted");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return SiteAnswer.Fail("it cannot be reached");
        }
    }

    private static async Task<SiteAnswer> ReadAsync(HttpContent content, CancellationToken late)
    {
        if (content.Headers.ContentLength > LongestAnswer) return SiteAnswer.Fail("its answer is too long");
        await using var stream = await content.ReadAsStreamAsync(late);
        var body = new byte[LongestAnswer + 1];
        var length = await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, late);
        return length > LongestAnswer ? SiteAnswer.Fail("its answer is too long") : new SiteAnswer(body[..length], "");
    }

    private static X509ChainPolicy TrustOnly(byte[] authorities)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPem(Encoding.ASCII.GetString(authorities));
        return policy;
    }
}

/// <param name="Body">Null when there is no answer to be used.</param>
/// <param name="Fault">Why there is none: a constant text.</param>
internal readonly record struct SiteAnswer(byte[]? Body, string Fault)
{
    public static SiteAnswer Fail(string fault) => new(null, fault);
}

using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Gatehouse.Telemetry.Otlp;

/// <summary>
/// Posts to one collector. Its certificate is always verified, chain, dates, name and purpose; nothing is followed, no cookies, no proxy.
/// </summary>
internal sealed class OtlpTransport : IDisposable
{
    private const int LongestAnswer = 16 * 1024;
    private static readonly MediaTypeHeaderValue ContentType = new("application/x-protobuf");
    private readonly OtlpSettings _settings;
    private readonly TimeProvider _clock;
    private readonly HttpMessageInvoker _http;
    private IReadOnlyList<OtlpHeader> _headers;

    public OtlpTransport(OtlpSettings settings, TimeProvider clock)
    {
        (_settings, _clock, _headers) = (settings, clock, settings.Headers);
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            ConnectTimeout = settings.Timeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5), // its name may lead elsewhere later
            MaxConnectionsPerServer = 4,
            MaxResponseHeadersLength = 16,
            MaxResponseDrainSize = 0,
            SslOptions = Trusting(settings.Authorities),
        });
    }

    /// <summary>The header fields of the next requests: a token may have been replaced.</summary>
    public void Use(IReadOnlyList<OtlpHeader> headers) => Volatile.Write(ref _headers, headers);

    /// <summary>Sends one request. Never throws but for <paramref name="cancel"/>.</summary>
    /// <param name="path">As in <c>v1/traces</c>.</param>
    public async Task<OtlpAnswer> PostAsync(string path, ReadOnlyMemory<byte> body, CancellationToken cancel)
    {
        using var time = new CancellationTokenSource(_settings.Timeout, _clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(time.Token, cancel);
        try
        {
            var address = _settings.Endpoint.AbsoluteUri.TrimEnd('/') + "/" + path;
            using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ReadOnlyMemoryContent(body) };
            request.Content.Headers.ContentType = ContentType;
            foreach (var header in Volatile.Read(ref _headers)) request.Headers.TryAddWithoutValidation(header.Name, header.Value);
            using var response = await _http.SendAsync(request, both.Token);
            return await JudgeAsync(response, both.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return OtlpAnswer.Later("it does not answer in time");
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            return OtlpAnswer.Later("its certificate is not trusted, or TLS fails");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return OtlpAnswer.Later("it cannot be reached");
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>
    /// What OTLP says of answers: these four may be tried again, every other may not. It asks for 200 where something was taken; there are collectors
    /// that say 202, or 204 without a body, and mean it.
    /// </summary>
    private async Task<OtlpAnswer> JudgeAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        if (response.IsSuccessStatusCode)
            return OtlpAnswer.Took(response.Content.Headers.ContentLength == 0 ? 0 : PartialSuccess.RejectedIn(await ReadAsync(response, cancel)));
        if (response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable
            or HttpStatusCode.GatewayTimeout)
            return OtlpAnswer.Later($"it answers {(int)response.StatusCode}", WaitOf(response));
        return OtlpAnswer.Refused($"it answers {(int)response.StatusCode}");
    }

    private TimeSpan WaitOf(HttpResponseMessage response)
    {
        var asked = response.Headers.RetryAfter;
        var wait = asked?.Delta ?? asked?.Date - _clock.GetUtcNow() ?? TimeSpan.Zero;
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        var bytes = new byte[LongestAnswer];
        var length = 0;
        await using var stream = await response.Content.ReadAsStreamAsync(cancel);
        for (int read; length < bytes.Length && (read = await stream.ReadAsync(bytes.AsMemory(length), cancel)) > 0;) length += read;
        return bytes.AsMemory(0, length);
    }

    private static SslClientAuthenticationOptions Trusting(byte[]? authorities) => new()
    {
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = authorities is null ? null : TrustOnly(authorities),
    };

    private static X509ChainPolicy TrustOnly(byte[] authorities)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPem(Encoding.ASCII.GetString(authorities));
        return policy;
    }
}

/// <summary>What became of a request to a collector.</summary>
/// <param name="Taken">Whether it has taken the request.</param>
/// <param name="Rejected">How many records of it it did not take.</param>
/// <param name="Why">Why it has not, a text without anything of its answer's body; null when it has.</param>
/// <param name="IsFinal">Whether to send the same again would be no use.</param>
internal readonly record struct OtlpAnswer(bool Taken, long Rejected, string? Why, bool IsFinal, TimeSpan Wait)
{
    public static OtlpAnswer Took(long rejected) => new(true, rejected, null, true, TimeSpan.Zero);

    public static OtlpAnswer Later(string why, TimeSpan wait = default) => new(false, 0, why, false, wait);

    public static OtlpAnswer Refused(string why) => new(false, 0, why, true, TimeSpan.Zero);
}

/// <summary>
/// Reads the one number that matters of an answer: <c>partial_success.rejected_*</c>, field 1 of field 1. What is no such message says nothing.
/// </summary>
internal static class PartialSuccess
{
    public static long RejectedIn(ReadOnlyMemory<byte> answer)
    {
        var message = answer.Span;
        if (message.Length < 2 || message[0] != 0x0a || !TryVarint(message[1..], out var length, out var at)) return 0;
        message = message[(1 + at)..];
        if (length < 2 || (ulong)message.Length < length || message[0] != 0x08 || !TryVarint(message[1..], out var rejected, out _)) return 0;
        return rejected > int.MaxValue ? int.MaxValue : (long)rejected;
    }

    private static bool TryVarint(ReadOnlySpan<byte> from, out ulong value, out int length)
    {
        value = 0;
        for (length = 0; length < from.Length && length < 10; length++)
        {
            value |= (ulong)(from[length] & 0x7f) << (7 * length);
            if (from[length] >= 0x80) continue;
            length++;
            return true;
        }

        return false;
    }
}

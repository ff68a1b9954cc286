using System.Net;
using System.Net.Http.Headers;

namespace Gatehouse.Services;

/// <summary>
/// Asks one service. It follows nothing, keeps no cookies, uses no proxy. Only so many questions are asked at once, and only so many wait, within the
/// time that a question has; what is more is not asked: a flood at the gateway is none at the service.
/// </summary>
internal sealed class ServiceClient(ServiceEndpoint endpoint, TimeProvider clock) : IDisposable
{
    public const int MostAtOnce = 64;
    public const int MostWaiting = 192;

    /// <summary>Bytes of an answer.</summary>
    public const int MostBytes = 64 * 1024;

    private readonly SemaphoreSlim _turns = new(MostAtOnce);
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        ConnectTimeout = endpoint.Timeout,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(4),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        MaxConnectionsPerServer = MostAtOnce,
        MaxResponseHeadersLength = 16,
        MaxResponseDrainSize = 0,
        SslOptions = ServiceTls.Trusting(endpoint.Authorities),
    });

    private int _inside;

    /// <summary>Sends one POST and reads its answer.</summary>
    /// <param name="cancel">The asker's: when it is cancelled, this throws; everything else that goes wrong is an answer.</param>
    public async Task<ServiceAnswer> PostAsync(
        ReadOnlyMemory<byte> question, string contentType, AuthenticationHeaderValue? credential, string? requestId, CancellationToken cancel)
    {
        if (Interlocked.Increment(ref _inside) > MostAtOnce + MostWaiting)
        {
            Interlocked.Decrement(ref _inside);
            return ServiceAnswer.Failed("too many questions at once");
        }

        using var time = new CancellationTokenSource(endpoint.Timeout, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(time.Token, cancel);
        var hasTurn = false;
        try
        {
            await _turns.WaitAsync(both.Token);
            hasTurn = true;
            using var request = new HttpRequestMessage(HttpMethod.Post, endpoint.Address) { Content = new ReadOnlyMemoryContent(question) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            request.Headers.Authorization = credential;
            if (requestId is not null) request.Headers.TryAddWithoutValidation("X-Request-ID", requestId);
            var askedAt = clock.GetTimestamp(); // with its turn, and before it is sent: no decision was taken earlier
            using var response = await _http.SendAsync(request, both.Token);
            return await ReadAsync(response, both.Token) with { AskedAt = askedAt };
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return ServiceAnswer.Failed("no answer in time");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return ServiceAnswer.Failed("no answer");
        }
        catch (ObjectDisposedException) // it waited for its turn, or was about to, while reloads replaced this client
        {
            return ServiceAnswer.Failed("the declaration that names the service is gone");
        }
        finally
        {
            if (hasTurn) _turns.Release();
            Interlocked.Decrement(ref _inside);
        }
    }

    public void Dispose() => _http.Dispose(); // the turns hold nothing to dispose of, and may still be given back

    private static async Task<ServiceAnswer> ReadAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        var status = (int)response.StatusCode;
        if (response.Content.Headers.ContentEncoding.Count > 0) return ServiceAnswer.Failed("an answer in an encoding that was not asked for");
        if (!string.Equals(response.Content.Headers.ContentType?.MediaType, "application/json", StringComparison.OrdinalIgnoreCase))
            return ServiceAnswer.Failed(status == 200 ? "an answer that is not JSON" : "an answer with another status than 200", status);
        var body = new byte[(int)Math.Min(response.Content.Headers.ContentLength ?? 4096, MostBytes) + 1];
        var length = 0;
        await using var stream = await response.Content.ReadAsStreamAsync(cancel);
        while (true)
        {
            if (length == body.Length) Array.Resize(ref body, Math.Min(body.Length * 2, MostBytes + 1));
            var count = await stream.ReadAsync(body.AsMemory(length), cancel);
            if (count == 0) break;
            length += count;
            if (length > MostBytes) return ServiceAnswer.Failed("an answer that is too large");
        }

        return status == 200
            ? new ServiceAnswer(body.AsMemory(0, length), null, status)
            : new ServiceAnswer(body.AsMemory(0, length), "an answer with another status than 200", status);
    }
}

/// <summary>What became of a question.</summary>
/// <param name="Body">The JSON document as it came; empty where there is none.</param>
/// <param name="Failure">Why there is no answer to act on: a constant text for the log; null for an answer with the status 200.</param>
/// <param name="Status">The status of HTTP; 0 where there is none.</param>
internal readonly record struct ServiceAnswer(ReadOnlyMemory<byte> Body, string? Failure, int Status)
{
    /// <summary>The clock's timestamp when the question had its turn and was not yet sent; 0 where it was not.</summary>
    public long AskedAt { get; init; }

    public static ServiceAnswer Failed(string why, int status = 0) => new(default, why, status);
}

using System.Buffers;
using System.Net.Http;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Telemetry;
using Microsoft.AspNetCore.Http.Features;

namespace Gatehouse.Upstreams;

/// <summary>
/// Sends copies of a route's requests to another upstream, whose answers nobody reads. A copy has no credential and no word of who calls, and
/// whatever becomes of it, the exchange hears nothing of it and waits for none of it.
/// </summary>
internal sealed class RequestMirror(UpstreamClient client, Mirroring rule, MirrorLoad load, GatehouseMeter? meter, TimeProvider clock, Random random)
{
    /// <summary>Tells the service that nobody waits for its answer, and that what it does must not count.</summary>
    public const string Mark = "Gatehouse-Mirror";

    /// <summary>Of an answer so many bytes are read, so that its connection serves again; what is longer is cut.</summary>
    private const int MostRead = 1 << 20;

    private static readonly string[] LeftOut =
    [
        "Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key", "DPoP", "Client-Cert", "Client-Cert-Chain", GatewayHeaders.Assertion,
        "Signature", "Signature-Input", "X-Forwarded-For", "Forwarded", "From",
    ];

    private readonly Tally? _sent = meter?.Mirrors(rule.Upstream, "sent");
    private readonly Tally? _failed = meter?.Mirrors(rule.Upstream, "failed");
    private readonly Tally? _left = meter?.Mirrors(rule.Upstream, "left-out");

    /// <param name="client">Of the upstream that gets the copies.</param>
    public static RequestMirror For(RouteId route, Mirroring rule, UpstreamClient client, StateStore state, TimeProvider clock, GatehouseMeter? meter)
    {
        var load = state.Get("mirror", $"{route} {rule.Upstream}", static () => new MirrorLoad());
        return new RequestMirror(client, rule, load, meter, clock, Random.Shared);
    }

    /// <summary>Sends a copy of the request, as it would be forwarded now, where it is this one's turn. Never throws and never waits.</summary>
    public void Copy(Exchange exchange)
    {
        if (random.NextDouble() >= rule.Share.Fraction) return;
        if (exchange.Http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true } || !load.TryEnter(rule.AtOnce))
        {
            _left?.Add();
            return;
        }

        try
        {
            var index = client.Choose(exchange, default);
            if (index >= 0) _ = SendAsync(MakeCopy(exchange, index), index); // from here on nothing knows of the exchange
            else Fail();
        }
        catch (Exception)
        {
            Fail(); // nobody waits for the answer, so nobody is told
        }
    }

    private HttpRequestMessage MakeCopy(Exchange exchange, int index)
    {
        var copying = client.CopyAsync(exchange, index);
        if (!copying.IsCompletedSuccessfully) throw new InvalidOperationException("a copy has to be made before the exchange goes on");
        var copy = copying.Result;
        foreach (var name in LeftOut) copy.Headers.Remove(name);
        copy.Headers.TryAddWithoutValidation(Mark, "1");
        return copy;
    }

    private async Task SendAsync(HttpRequestMessage request, int index)
    {
        client.Enter(index);
        using (request)
        {
            try
            {
                await Task.Yield(); // an exchange does not wait, not even for a connection to be looked for
                using var over = new CancellationTokenSource(rule.Timeout, clock);
                using var response = await client.Connections.SendAsync(request, over.Token);
                await ReadAsync(response, over.Token);
                _sent?.Add();
                load.Leave();
            }
            catch (Exception)
            {
                Fail();
            }
            finally
            {
                client.Leave(index);
            }
        }
    }

    private static async Task ReadAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        try
        {
            for (int read, total = 0; total < MostRead && (read = await body.ReadAsync(buffer, cancellation)) > 0; total += read)
            {
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Fail()
    {
        _failed?.Add();
        load.Leave();
    }
}

/// <summary>How many copies of a route's requests are under way.</summary>
internal sealed class MirrorLoad
{
    private int _underWay;

    public int UnderWay => Volatile.Read(ref _underWay);

    public bool TryEnter(int most)
    {
        if (Interlocked.Increment(ref _underWay) <= most) return true;
        Leave();
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _underWay);
}

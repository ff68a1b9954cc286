using System.Net.Http;
using Gatehouse.Pipeline;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Upstreams;

/// <summary>What a hedge and a mirror need of an upstream, who send requests beside the one that is forwarded.</summary>
internal sealed partial class UpstreamClient
{
    public HttpMessageInvoker Connections => _connections;

    /// <summary>The index of a destination that can be used and was not tried, or -1.</summary>
    public int Choose(Exchange exchange, in Tried tried) => _destinations.Length == 0 ? -1 : _balancer.Choose(exchange, tried);

    public string NameOf(int index) => _destinations[index].Text;

    /// <summary>What a destination is asked for as; null for its address.</summary>
    public string? HostOf(int index) => _hosts[index];

    /// <summary>An attempt as it is traced; null where nothing is.</summary>
    public AttemptTrace? Trace(Exchange exchange, int index) =>
        exchange.Trace?.Send(Name, _destinations[index].Address, _clock.GetTimestamp());

    public void Enter(int index) => _destinations[index].Enter();

    public void Leave(int index) => _destinations[index].Leave();

    /// <summary>Measures an attempt whose answer is not passed on, because another's is.</summary>
    /// <param name="began">The timestamp at which it began; likewise at which it ended.</param>
    /// <param name="status">0 where it has no answer; then there is an error.</param>
    public void Measure(Exchange exchange, int index, long began, long ended, int status, string? error)
    {
        var destination = _destinations[index];
        _http?.Sent(_clock.GetElapsedTime(began, ended), exchange.Method, destination.Address.Host, destination.Port, status, error);
    }

    /// <summary>Hears of an attempt that has failed by itself where another's answer, or failure, is that of the exchange.</summary>
    public void JudgeLost(Exchange exchange, int index, AttemptEnd end) => Judge(exchange.Forward, _destinations[index], end, began: 0);

    /// <summary>Takes a place of the bulkhead for what is sent beside an exchange, where one is free now. It is given back once.</summary>
    public bool TryTakePlace() => _bulkhead.TryEnter(_atOnce);

    public void GiveBackPlace() => _bulkhead.Leave(_atOnce);

    /// <summary>The request that a destination would be sent for the exchange. It has nothing of the exchange any more.</summary>
    public async ValueTask<HttpRequestMessage> CopyAsync(Exchange exchange, int index)
    {
        var copy = new HttpRequestMessage
        {
            Method = HttpMethod.Parse(exchange.Method),
            Version = _settings.Version!,
            VersionPolicy = _settings.VersionPolicy!.Value,
        };
        var timer = _timers.Get(); // a call has one; nothing is timed here
        try
        {
            var call = new ForwardCall(exchange, timer, _clock, _inside) { Host = HostOf(index) };
            await call.TransformRequestAsync(exchange.Http, copy, NameOf(index), CancellationToken.None);
        }
        finally
        {
            _timers.Return(timer);
        }

        return copy;
    }
}

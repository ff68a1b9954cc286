using System.Net;
using System.Net.Sockets;
using Gatehouse.Telemetry;
using Gatehouse.Telemetry.Otlp;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Telemetry.Otlp;

/// <summary>A collector that takes connections and never answers: what is written waits in two buffers, and no more.</summary>
public sealed class OtlpChannelTests : IDisposable
{
    private const int Capacity = 64 * 1024;
    private readonly TcpListener _silent = new(IPAddress.Loopback, 0);
    private readonly GatehouseMeter _meter = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public OtlpChannelTests() => _silent.Start();

    public void Dispose()
    {
        _silent.Dispose();
        _meter.Dispose();
    }

    [Fact]
    [Control("LOG-7", "memory while a collector hangs")]
    public async Task Records_that_find_no_room_are_counted_and_nobody_waits()
    {
        var shipping = Open();
        var record = new byte[100];
        for (var i = 0; i < 10_000; i++) shipping.Spans!.Write(record);
        var tally = _meter.Shipped("traces");
        Assert.True(tally.Lost >= 10_000 - (2 * Capacity / 100));
        await shipping.DisposeAsync();
        Assert.Equal(10_000, tally.Lost); // what waited too, once the gateway has stopped
        Assert.Equal(0, tally.Sent);
    }

    [Fact]
    public async Task A_line_that_is_too_long_for_a_record_is_counted()
    {
        await using var shipping = Open();
        var log = shipping.Logs("gatehouse.audit")!;
        log.Write(new byte[ProtoBuffer.LongestRecord]);
        Assert.Equal(1, log.Dropped);
        log.Write(new byte[1000]);
        Assert.Equal(1, log.Dropped);
    }

    [Fact]
    public async Task What_is_said_anew_does_not_wait_beside_what_it_replaces()
    {
        await using var shipping = Open();
        await Eventually.HoldsAsync(() => Task.FromResult(_silent.Pending() || Write(shipping)), Cancel); // the first block is on its way now
        for (var i = 0; i < 10; i++)
        {
            shipping.Metrics!.Supersede();
            shipping.Metrics.Write(new byte[Capacity]);
        }

        Assert.True(_meter.Shipped("metrics").Lost >= 9);
    }

    private static bool Write(OtlpShipping shipping)
    {
        shipping.Metrics!.Write(new byte[10]);
        return false;
    }

    private OtlpShipping Open()
    {
        var settings = new OtlpSettings(new Uri($"http://{_silent.LocalEndpoint}"), OtlpSignals.Traces | OtlpSignals.Metrics | OtlpSignals.Logs);
        var events = new EventWriter(TextWriter.Null, TimeProvider.System);
        return new OtlpShipping(settings, OtlpResource.Of("shop", "test", "1", null), _meter, events, TimeProvider.System, Capacity);
    }
}

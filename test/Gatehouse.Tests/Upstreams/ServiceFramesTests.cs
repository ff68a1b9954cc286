using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.Extensions.Time.Testing;
using static Gatehouse.TestKit.Http2Frame;

namespace Gatehouse.Tests.Upstreams;

public sealed class ServiceFramesTests
{
    private const int Padded = 8;

    private readonly FakeTimeProvider _clock = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Ping)]
    [InlineData(Settings)]
    [InlineData(Headers)]
    [InlineData(Continuation)]
    [InlineData(WindowUpdate)]
    [InlineData(Data)] // without data
    [InlineData((byte)0xfa)]
    [Control("SMG-12", "services of HTTP/2")]
    public async Task Ends_with_more_frames_than_are_given(byte type)
    {
        await ReadAsync(ServiceFrames.Most, Frame(type, 0, 1));
        await Assert.ThrowsAsync<ServiceFloodException>(() => ReadAsync(ServiceFrames.Most + 1, Frame(type, 0, 1)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(256)]
    [Control("SMG-12", "services of HTTP/2")]
    public async Task Padding_alone_is_no_data(int length)
    {
        var padding = Frame(Data, Padded, 1, [(byte)(length - 1), .. new byte[length - 1]]);
        await ReadAsync(ServiceFrames.Most, padding);
        await Assert.ThrowsAsync<ServiceFloodException>(() => ReadAsync(ServiceFrames.Most + 1, padding));
    }

    [Fact]
    public async Task Never_ends_with_data_time_or_what_is_sent()
    {
        await ReadAsync(ServiceFrames.Most * 3, Frame(Data, 0, 1, 1));
        await ReadAsync(ServiceFrames.Most * 3, Frame(Data, EndStream, 1));
        await ReadAsync(ServiceFrames.Most + 1, Frame(Data, Padded, 1, new byte[257])); // more than can be padding
        await ReadAsync(ServiceFrames.Most * 3, Frame(Settings, 0, 0), _ =>
        {
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            return default;
        });
        await ReadAsync(
            ServiceFrames.Most * 3,
            Frame(Headers, EndStream | EndHeaders, 1, 0x88),
            frames => frames.WriteAsync(new byte[ServiceFrames.BytesPerFrame], Cancel));
    }

    [Fact]
    public async Task Answers_to_pings_earn_too_little_for_the_next_one()
    {
        await Assert.ThrowsAsync<ServiceFloodException>(() => ReadAsync(
            ServiceFrames.Most * 3,
            Frame(Ping, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8),
            frames => frames.WriteAsync(new byte[17], Cancel)));
    }

    /// <summary>Reads so many frames in pieces of seven bytes, and passes on every one.</summary>
    private async Task ReadAsync(int count, byte[] frame, Func<ServiceFrames, ValueTask>? between = null)
    {
        byte[] bytes = [.. Enumerable.Repeat(frame, count).SelectMany(f => f)];
        await using var frames = new ServiceFrames(new OneWay(bytes), _clock);
        var (buffer, read) = (new byte[7], new MemoryStream());
        for (var seen = 0; await frames.ReadAsync(buffer, Cancel) is > 0 and var more;)
        {
            read.Write(buffer, 0, more);
            for (; seen < read.Length / frame.Length; seen++) await (between?.Invoke(frames) ?? default);
        }

        Assert.Equal(bytes, read.ToArray());
    }

    /// <summary>Gives these bytes, and forgets what is written.</summary>
    private sealed class OneWay(byte[] bytes) : MemoryStream(bytes)
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => default;
    }
}

using System.Net;
using System.Net.Sockets;
using Gatehouse.Telemetry;

namespace Gatehouse.Tests.Telemetry;

/// <summary>What a process writes to, with a socket in its place, as a supervisor may give it one.</summary>
public sealed class StandardStreamTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Everything_comes_once_and_in_order_whether_or_not_writing_may_wait(bool blocking)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "descriptors are of Unix");
        var (ours, theirs) = Pair();
        using var reader = theirs;
        using var writer = ours;
        writer.Blocking = blocking;
        var block = new byte[8 << 20]; // more than any buffer between the two holds
        for (var i = 0; i < block.Length; i++) block[i] = (byte)(i * 31 / 7);
        await using var stream = new StandardStream((int)writer.Handle);
        var writing = Task.Run(() => stream.Write(block), Cancel);

        var received = new byte[block.Length];
        for (var at = 0; at < received.Length;)
        {
            var count = await reader.ReceiveAsync(received.AsMemory(at, Math.Min(received.Length - at, 100_000)), Cancel);
            Assert.NotEqual(0, count);
            at += count;
        }

        await writing.WaitAsync(Cancel);
        Assert.True(block.AsSpan().SequenceEqual(received));
        Assert.Equal(0, reader.Available);
    }

    [Fact]
    public async Task A_reader_that_is_gone_is_an_error_and_what_it_took_is_known()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "descriptors are of Unix");
        var (ours, theirs) = Pair();
        using var writer = ours;
        await using var stream = new StandardStream((int)writer.Handle);
        var written = 0;
        var writing = Task.Run(() => Assert.ThrowsAny<IOException>(() => stream.Write(new byte[8 << 20], ref written)), Cancel);
        await theirs.ReceiveAsync(new byte[1000], Cancel);
        theirs.Dispose();
        await writing.WaitAsync(Cancel);
        Assert.InRange(written, 1000, (8 << 20) - 1);
        Assert.ThrowsAny<IOException>(() => stream.Write("x"u8));
    }

    private static (Socket Ours, Socket Theirs) Pair()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var ours = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        ours.Connect(listener.LocalEndPoint!); // after an asynchronous one it would never wait again
        return (ours, listener.Accept());
    }
}

using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Gatehouse.TestKit;

/// <summary>
/// Passes bytes on to a server, and spoils it when a test asks: they come late, they stop, or the connections end and no new one comes about.
/// </summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly IPEndPoint _target;
    private readonly ConcurrentDictionary<Socket, bool> _open = new();
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _accepting;
    private volatile bool _cut;
    private volatile TaskCompletionSource? _stall;
    private long _delayTicks;

    public FaultProxy(IPEndPoint target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>How much later than they came bytes are passed on, each way.</summary>
    public TimeSpan Delay
    {
        get => new(Interlocked.Read(ref _delayTicks));
        set => Interlocked.Exchange(ref _delayTicks, value.Ticks);
    }

    /// <summary>Passes nothing on any more, and keeps the connections.</summary>
    public void Stall() => _stall ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends every connection, and each new one as soon as it is made.</summary>
    public void Cut()
    {
        _cut = true;
        foreach (var socket in _open.Keys) socket.Close();
    }

    /// <summary>Works again: what was stalled goes on, and connections come about.</summary>
    public void Mend()
    {
        Delay = TimeSpan.Zero;
        _cut = false;
        Interlocked.Exchange(ref _stall, null)?.SetResult();
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _listener.Stop();
        Cut();
        await _accepting;
        _ended.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_ended.IsCancellationRequested)
        {
            try
            {
                var socket = await _listener.AcceptSocketAsync(_ended.Token);
                if (_cut) socket.Close();
                else _ = ServeAsync(socket);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // the loop's condition says whether that is the end
            }
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        try
        {
            await server.ConnectAsync(_target, _ended.Token);
            (_open[client], _open[server]) = (true, true);
            if (_cut) return;
            await Task.WhenAny(PumpAsync(client, server), PumpAsync(server, client));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // the server is not there: the client sees that as an end
        }
        finally
        {
            client.Close();
            server.Close();
            _open.TryRemove(client, out _);
            _open.TryRemove(server, out _);
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            int count;
            while ((count = await from.ReceiveAsync(buffer, _ended.Token)) > 0)
            {
                if (Delay is var delay && delay > TimeSpan.Zero) await Task.Delay(delay, _ended.Token);
                if (_stall is { } stall) await stall.Task.WaitAsync(_ended.Token);
                for (var sent = 0; sent < count;) sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), _ended.Token);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // one end closes both
        }
    }
}

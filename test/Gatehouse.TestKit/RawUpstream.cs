using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.Channels;

namespace Gatehouse.TestKit;

/// <summary>A service behind the gateway that need not speak HTTP: what it does with a connection is the test's business.</summary>
internal sealed class RawUpstream : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stopped = new();
    private readonly Channel<string> _heads = Channel.CreateUnbounded<string>();
    private readonly Func<RawConnection, Task> _serve;
    private readonly Task _accepting;
    private int _connections;

    private RawUpstream(Func<RawConnection, Task> serve, IPEndPoint? at)
    {
        _listener = new TcpListener(at ?? new IPEndPoint(IPAddress.Loopback, 0));
        _serve = serve;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public Uri Address => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}"));

    /// <summary>Connections accepted since the start.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Serves each connection by this; the connection is closed when it returns.</summary>
    /// <param name="at">Where; a free port of the loopback unless given.</param>
    public static RawUpstream Start(Func<RawConnection, Task> serve, IPEndPoint? at = null) => new(serve, at);

    /// <summary>Reads one head per text, answers with that text, and closes the connection after the last.</summary>
    public static RawUpstream Answering(params string[] answers) => Start(async connection =>
    {
        foreach (var answer in answers)
        {
            if (await connection.ReadHeadAsync() is null) return;
            await connection.WriteAsync(answer);
        }
    });

    /// <summary>Reads requests and never answers.</summary>
    public static RawUpstream Silent() => Start(async connection =>
    {
        await connection.ReadHeadAsync();
        await connection.ReadToEndAsync();
    });

    /// <summary>A loopback address where nothing listens: connections are refused.</summary>
    public static Uri Refusing()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)socket.LocalEndPoint!).Port}"));
    }

    /// <summary>The next head that was read and not yet taken.</summary>
    public async Task<string> NextHeadAsync(CancellationToken cancel) =>
        await _heads.Reader.ReadAsync(cancel).AsTask().WaitAsync(Patience.Limit, cancel);

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        await _accepting; // before the listener stops: an accept on a stopped one throws what no test is about
        _listener.Stop();
        _stopped.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stopped.Token);
                Interlocked.Increment(ref _connections);
                serving.Add(ServeAsync(client));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await _serve(new RawConnection(client, _heads.Writer, _stopped.Token));
            }
            catch (Exception e) when (e is OperationCanceledException or IOException or AuthenticationException)
            {
                // the other side went away, or the test is over
            }
        }
    }
}

/// <summary>One connection of a <see cref="RawUpstream"/>.</summary>
internal sealed class RawConnection(TcpClient client, ChannelWriter<string> heads, CancellationToken stopped)
{
    private Stream _stream = client.GetStream();

    /// <summary>The bytes, for who reads more than heads.</summary>
    public Stream Stream => _stream;

    /// <summary>Cancelled when the service stops.</summary>
    public CancellationToken Stopped => stopped;

    /// <summary>Speaks TLS from here on, asks for a certificate, and returns the one that this authority vouches for; null for none.</summary>
    public async Task<X509Certificate2?> SecureMutuallyAsync(X509Certificate2 certificate, X509Certificate2 authority)
    {
        var tls = new SslStream(_stream);
        X509Certificate2? proved = null;
        await tls.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions
            {
                ServerCertificate = certificate,
                ClientCertificateRequired = true,
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { authority },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
                RemoteCertificateValidationCallback = (_, presented, _, errors) =>
                {
                    proved = errors == SslPolicyErrors.None ? presented as X509Certificate2 : null;
                    return presented is null || proved is not null;
                },
            },
            stopped);
        _stream = tls;
        return proved;
    }

    /// <summary>Speaks TLS from here on, with whatever certificate: nothing is checked on this side.</summary>
    public async Task SecureAsync(X509Certificate2 certificate)
    {
        var tls = new SslStream(_stream);
        _stream = tls;
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, stopped);
    }

    /// <summary>Everything up to the empty line; null when the connection ends before.</summary>
    public async Task<string?> ReadHeadAsync()
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (await _stream.ReadAsync(one, stopped) > 0)
        {
            head.Append((char)one[0]);
            if (one[0] != '\n' || !head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal)) continue;
            var text = head.ToString();
            heads.TryWrite(text);
            return text;
        }

        return null;
    }

    public async Task WriteAsync(string latin1) => await _stream.WriteAsync(Encoding.Latin1.GetBytes(latin1), stopped);

    /// <summary>Reads until the other side closes; returns how many bytes came.</summary>
    public async Task<long> ReadToEndAsync()
    {
        var buffer = new byte[16 * 1024];
        long total = 0;
        while (await _stream.ReadAsync(buffer, stopped) is var read and > 0) total += read;
        return total;
    }

    /// <summary>Closes with a reset instead of an orderly end.</summary>
    public void Reset()
    {
        client.LingerState = new LingerOption(true, 0);
        client.Close();
    }
}

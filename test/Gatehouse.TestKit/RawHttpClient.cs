using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Gatehouse.TestKit;

/// <summary>
/// A client that sends exactly the bytes it is given and reads HTTP/1.1 responses with nothing interpreted but their framing (RFC 9112 section 6).
/// Every operation ends within the timeout; one that does not throws <see cref="TimeoutException"/>.
/// </summary>
internal sealed class RawHttpClient : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly TimeSpan _timeout;
    private readonly List<byte> _ahead = [];

    private RawHttpClient(Socket socket, Stream stream, TimeSpan timeout)
    {
        _socket = socket;
        _stream = stream;
        _timeout = timeout;
    }

    /// <summary>The stream under the requests, for what comes after an upgrade.</summary>
    public Stream Stream => _stream;

    public static Task<RawHttpClient> ConnectAsync(int port, TimeSpan? timeout = null) =>
        ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), null, null, timeout);

    /// <param name="serverName">The name sent as SNI and verified; null for cleartext.</param>
    /// <param name="authority">The only certificate authority that is trusted; null to trust any certificate.</param>
    public static async Task<RawHttpClient> ConnectAsync(
        IPEndPoint address, string? serverName, X509Certificate2? authority, TimeSpan? timeout = null)
    {
        var limit = timeout ?? TimeSpan.FromSeconds(20);
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(address).WaitAsync(limit);
        Stream stream = new NetworkStream(socket, ownsSocket: true);
        if (serverName is null) return new RawHttpClient(socket, stream, limit);
        var options = new SslClientAuthenticationOptions { TargetHost = serverName, EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13 };
        if (authority is null)
        {
            options.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null;
        }
        else
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.Add(authority);
            options.CertificateChainPolicy = policy;
        }

        var tls = new SslStream(stream);
        await tls.AuthenticateAsClientAsync(options).WaitAsync(limit);
        return new RawHttpClient(socket, tls, limit);
    }

    /// <summary>One connection, one request, one response.</summary>
    public static async Task<RawResponse> ExchangeAsync(int port, string request, bool head = false)
    {
        await using var client = await ConnectAsync(port);
        await client.SendAsync(request);
        return await client.ReadResponseAsync(head);
    }

    public Task SendAsync(string latin1) => SendAsync(Encoding.Latin1.GetBytes(latin1));

    public Task SendAsync(ReadOnlyMemory<byte> bytes) => WithinAsync(async cancel =>
    {
        await _stream.WriteAsync(bytes, cancel);
        await _stream.FlushAsync(cancel);
        return 0;
    });

    /// <summary>Says that nothing more will be sent; what comes can still be read.</summary>
    public void FinishSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Closes with a reset, as a client does that is killed.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Close();
    }

    /// <summary>Reads one response. Throws <see cref="EndOfStreamException"/> when the connection ends inside it.</summary>
    /// <param name="head">Whether the request was HEAD: then there is no body, whatever the head says.</param>
    public Task<RawResponse> ReadResponseAsync(bool head = false) => WithinAsync(async cancel =>
    {
        var response = await ReadHeadAsync(cancel);
        if (head || response.Status is 204 or 304 or (>= 100 and < 200)) return response;
        if ("chunked".Equals(response.Header("Transfer-Encoding"), StringComparison.OrdinalIgnoreCase))
            return await ReadChunksAsync(response, cancel);
        if (response.Header("Content-Length") is { } length)
            return response with { Body = await ReadExactlyAsync(int.Parse(length, CultureInfo.InvariantCulture), cancel) };
        return response with { Body = await ReadRestAsync(cancel) };
    });

    /// <summary>Reads a response's head and leaves its body.</summary>
    public Task<RawResponse> ReadHeadAsync() => WithinAsync(ReadHeadAsync);

    /// <summary>Reads exactly so many bytes.</summary>
    public Task<byte[]> ReadBytesAsync(int count) => WithinAsync(cancel => ReadExactlyAsync(count, cancel));

    /// <summary>Reads one chunk of a chunked body as text; null for the last one (its trailers are left).</summary>
    public Task<string?> ReadChunkAsync() =>
        WithinAsync(async cancel => await ReadChunkAsync(cancel) is { } chunk ? Encoding.UTF8.GetString(chunk) : null);

    /// <summary>Everything until the connection ends; an abrupt end counts as one.</summary>
    public Task<byte[]> ReadToEndAsync() => WithinAsync(ReadRestAsync);

    /// <summary>Whether the other side has closed, or closes within the timeout, without sending another byte.</summary>
    public async Task<bool> ClosesAsync() => (await ReadToEndAsync()).Length == 0;

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async Task<RawResponse> ReadHeadAsync(CancellationToken cancel)
    {
        var status = await ReadLineAsync(cancel);
        var parts = status.Split(' ', 3);
        return new RawResponse(status, int.Parse(parts[1], CultureInfo.InvariantCulture), await ReadFieldsAsync(cancel), [], []);
    }

    private async Task<List<(string Name, string Value)>> ReadFieldsAsync(CancellationToken cancel)
    {
        var fields = new List<(string Name, string Value)>();
        while (await ReadLineAsync(cancel) is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            fields.Add((line[..colon], line[(colon + 1)..].Trim()));
        }

        return fields;
    }

    private async Task<RawResponse> ReadChunksAsync(RawResponse response, CancellationToken cancel)
    {
        var body = new List<byte>();
        while (await ReadChunkAsync(cancel) is { } chunk) body.AddRange(chunk);
        return response with { Body = [.. body], Trailers = await ReadFieldsAsync(cancel) };
    }

    private async Task<byte[]?> ReadChunkAsync(CancellationToken cancel)
    {
        var size = int.Parse((await ReadLineAsync(cancel)).Split(';')[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        if (size == 0) return null;
        var chunk = await ReadExactlyAsync(size, cancel);
        await ReadLineAsync(cancel);
        return chunk;
    }

    private async Task<string> ReadLineAsync(CancellationToken cancel)
    {
        int end;
        while ((end = _ahead.IndexOf((byte)'\n')) < 0)
            if (!await FillAsync(cancel)) throw new EndOfStreamException("the connection ended inside a line");
        var line = Encoding.Latin1.GetString([.. _ahead[..end]]).TrimEnd('\r');
        _ahead.RemoveRange(0, end + 1);
        return line;
    }

    private async Task<byte[]> ReadExactlyAsync(int count, CancellationToken cancel)
    {
        while (_ahead.Count < count)
            if (!await FillAsync(cancel)) throw new EndOfStreamException("the connection ended inside a body");
        byte[] bytes = [.. _ahead[..count]];
        _ahead.RemoveRange(0, count);
        return bytes;
    }

    private async Task<byte[]> ReadRestAsync(CancellationToken cancel)
    {
        while (await FillAsync(cancel))
        {
            // until the end
        }

        byte[] rest = [.. _ahead];
        _ahead.Clear();
        return rest;
    }

    private async Task<bool> FillAsync(CancellationToken cancel)
    {
        var buffer = new byte[16 * 1024];
        int read;
        try
        {
            read = await _stream.ReadAsync(buffer, cancel);
        }
        catch (IOException)
        {
            return false; // a reset ends the connection too
        }

        _ahead.AddRange(buffer.AsSpan(0, read));
        return read > 0;
    }

    private async Task<T> WithinAsync<T>(Func<CancellationToken, Task<T>> work)
    {
        using var timeout = new CancellationTokenSource(_timeout);
        try
        {
            return await work(timeout.Token);
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"nothing within {_timeout}", e);
        }
    }
}

/// <summary>A response as it came over the wire.</summary>
/// <param name="StatusLine">The first line, whole.</param>
/// <param name="Headers">In the order they came, repetitions included.</param>
internal sealed record RawResponse(
    string StatusLine,
    int Status,
    IReadOnlyList<(string Name, string Value)> Headers,
    byte[] Body,
    IReadOnlyList<(string Name, string Value)> Trailers)
{
    public string Text => Encoding.UTF8.GetString(Body);

    /// <summary>The first field of this name, or null.</summary>
    public string? Header(string name)
    {
        foreach (var field in Headers)
            if (field.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) return field.Value;
        return null;
    }
}

using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Gatehouse.TestKit;

/// <summary>
/// A service that takes a request of HTTP/1.1 exactly as RFC 9112 writes it and nothing else, records it byte for byte, and answers 200. What it
/// would have to interpret is a fault: so it finds the one request too many that a lenient service would serve.
/// </summary>
internal sealed partial class StrictUpstream : IAsyncDisposable
{
    private const int LongestHead = 64 * 1024;
    private readonly ConcurrentQueue<StrictRequest> _requests = new();
    private readonly ConcurrentQueue<string> _faults = new();
    private readonly RawUpstream _upstream;

    public StrictUpstream() => _upstream = RawUpstream.Start(ServeAsync);

    public Uri Address => _upstream.Address;

    /// <summary>Every request whose head has come, in no order.</summary>
    public IReadOnlyList<StrictRequest> Requests => [.. _requests];

    /// <summary>What came and was no request; empty when all is well.</summary>
    public IReadOnlyList<string> Faults => [.. _faults];

    public ValueTask DisposeAsync() => _upstream.DisposeAsync();

    private async Task ServeAsync(RawConnection connection)
    {
        var input = new Input(connection);
        while (await input.ReadHeadAsync(LongestHead) is { } head)
        {
            if (Read(head) is not { } request)
            {
                _faults.Enqueue(head);
                return;
            }

            _requests.Enqueue(request);
            if (!await ReadBodyAsync(input, request, head)) return;
            request.IsWhole = true;
            await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }

        if (input.Rest is { Length: > 0 } rest) _faults.Enqueue("the connection ended after: " + rest);
    }

    /// <summary>False when the connection is to end: the body did not come to its end, or was none.</summary>
    private async Task<bool> ReadBodyAsync(Input input, StrictRequest request, string head)
    {
        if (request.Field("Transfer-Encoding") is { } encoding)
        {
            if (encoding != "chunked" || request.Field("Content-Length") is not null || !await input.ReadChunksAsync(request.Body))
            {
                if (!input.Ended) _faults.Enqueue("badly framed: " + head);
                return false;
            }

            return true;
        }

        var length = request.Field("Content-Length") ?? "0";
        if (length.Length is 0 or > 9 || length.Any(c => !char.IsAsciiDigit(c)))
        {
            _faults.Enqueue("badly framed: " + head);
            return false;
        }

        return await input.ReadAsync(request.Body, int.Parse(length, CultureInfo.InvariantCulture));
    }

    private static StrictRequest? Read(string head)
    {
        var lines = head[..^4].Split("\r\n");
        if (head[..^4].Replace("\r\n", "", StringComparison.Ordinal).AsSpan().ContainsAny("\r\n\0")) return null;
        var parts = lines[0].Split(' ');
        if (parts.Length != 3 || parts[2] != "HTTP/1.1" || !Method().IsMatch(parts[0]) || !Target().IsMatch(parts[1])) return null;
        var fields = new List<(string Name, string Value)>();
        foreach (var line in lines.Skip(1))
        {
            if (Field().Match(line) is not { Success: true } field) return null;
            fields.Add((field.Groups[1].Value, field.Groups[2].Value));
        }

        var request = new StrictRequest(parts[0], parts[1], fields);
        return request.Count("Host") == 1 && request.Count("Content-Length") <= 1 && request.Count("Transfer-Encoding") <= 1 ? request : null;
    }

    [GeneratedRegex("^[A-Z-]+$")]
    private static partial Regex Method();

    [GeneratedRegex("^/[!-\"$-\\[\\]-~]*$")]
    private static partial Regex Target();

    [GeneratedRegex("^([A-Za-z0-9-]+): ?([\\t\\x20-\\x7e\\x80-\\xff]*)$")]
    private static partial Regex Field();

    private sealed class Input(RawConnection connection)
    {
        private readonly List<byte> _ahead = [];

        public bool Ended { get; private set; }

        public string Rest => Encoding.Latin1.GetString([.. _ahead]);

        public async Task<string?> ReadHeadAsync(int most)
        {
            int end;
            while ((end = EndOfHead()) < 0)
                if (_ahead.Count > most || !await FillAsync()) return null;
            return Take(end);
        }

        public async Task<bool> ReadAsync(MemoryStream to, int count)
        {
            while (count > 0)
            {
                if (_ahead.Count == 0 && !await FillAsync()) return false;
                var part = Math.Min(count, _ahead.Count);
                to.Write([.. _ahead[..part]]);
                _ahead.RemoveRange(0, part);
                count -= part;
            }

            return true;
        }

        public async Task<bool> ReadChunksAsync(MemoryStream to)
        {
            while (true)
            {
                if (await ReadLineAsync() is not { } line) return false;
                if (line.Length > 8 || !int.TryParse(line, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var size)) return false;
                if (size == 0) return await ReadLineAsync() is "";
                if (!await ReadAsync(to, size) || await ReadLineAsync() is not "") return false;
            }
        }

        private async Task<string?> ReadLineAsync()
        {
            int end;
            while ((end = _ahead.IndexOf((byte)'\n')) < 0)
                if (!await FillAsync()) return null;
            var line = Take(end + 1);
            return line.EndsWith("\r\n", StringComparison.Ordinal) ? line[..^2] : null;
        }

        private int EndOfHead()
        {
            for (var i = 3; i < _ahead.Count; i++)
                if (_ahead[i] == '\n' && _ahead[i - 1] == '\r' && _ahead[i - 2] == '\n' && _ahead[i - 3] == '\r') return i + 1;
            return -1;
        }

        private string Take(int count)
        {
            var text = Encoding.Latin1.GetString([.. _ahead[..count]]);
            _ahead.RemoveRange(0, count);
            return text;
        }

        private async Task<bool> FillAsync()
        {
            var buffer = new byte[16 * 1024];
            var read = 0;
            try
            {
                read = await connection.Stream.ReadAsync(buffer, connection.Stopped);
            }
            catch (IOException)
            {
                // a reset ends the connection too
            }

            _ahead.AddRange(buffer.AsSpan(0, read));
            Ended = read == 0;
            return read > 0;
        }
    }
}

/// <summary>A request as a <see cref="StrictUpstream"/> received it; text is Latin-1, one character a byte.</summary>
internal sealed record StrictRequest(string Method, string Target, IReadOnlyList<(string Name, string Value)> Fields)
{
    public MemoryStream Body { get; } = new();

    /// <summary>Whether its body came to its end.</summary>
    public bool IsWhole { get; set; }

    public string? Field(string name) => Fields.FirstOrDefault(f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    public int Count(string name) => Fields.Count(f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}

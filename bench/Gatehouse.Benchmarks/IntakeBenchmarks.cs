using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using BenchmarkDotNet.Attributes;
using Gatehouse.Hosting;

namespace Gatehouse.Benchmarks;

/// <summary>
/// What it costs a request of HTTP/1.1 that its bytes are looked at while the parser takes them: of a client that says little, and of a browser.
/// </summary>
[MemoryDiagnoser]
public class IntakeBenchmarks
{
    private const string Small = "GET /things/17 HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n";

    private const string Browser =
        "GET /things/17?sort=name HTTP/1.1\r\nHost: api.retailer.example\r\nConnection: keep-alive\r\n"
        + "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\nAccept: application/json, text/plain, */*\r\n"
        + "Accept-Language: en-GB,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nReferer: https://shop.retailer.example/things\r\n"
        + "Authorization: Bearer eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5yZXRhaWxlci5leGFtcGxlIn0.c2lnbmF0dXJlc2lnbmF0dXJl\r\n"
        + "Origin: https://shop.retailer.example\r\nSec-Fetch-Dest: empty\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Site: same-site\r\n\r\n";

    private readonly OneRead _inner = new();
    private WatchedInput _watched = null!;

    [Params("small", "browser")]
    public string Request { get; set; } = "";

    [GlobalSetup]
    public void Begin()
    {
        _inner.Bytes = new(Encoding.ASCII.GetBytes(Request == "small" ? Small : Browser));
        _watched = new WatchedInput(_inner);
    }

    /// <summary>The same calls without the watch.</summary>
    [Benchmark(Baseline = true)]
    public bool Unwatched()
    {
        _inner.TryRead(out var result);
        _inner.AdvanceTo(result.Buffer.End, result.Buffer.End);
        return true;
    }

    [Benchmark]
    public bool Watched()
    {
        _watched.TryRead(out var result);
        _watched.AdvanceTo(result.Buffer.End, result.Buffer.End);
        var good = _watched.TakeHead() is null;
        _watched.ExpectHead();
        return good ? good : throw new InvalidOperationException("a good head is refused");
    }

    private sealed class OneRead : PipeReader
    {
        public ReadOnlySequence<byte> Bytes { get; set; }

        public override bool TryRead(out ReadResult result)
        {
            result = new ReadResult(Bytes, false, false);
            return true;
        }

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => new(new ReadResult(Bytes, false, false));

        public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
        }

        public override void CancelPendingRead()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }
    }
}

using System.IO.Compression;
using System.Text;
using BenchmarkDotNet.Attributes;
using Gatehouse.Policies.Body;

namespace Gatehouse.Benchmarks;

/// <summary>What it costs to look through a whole body: an order of about a kilobyte, and a list of sixty.</summary>
[MemoryDiagnoser]
public class BodyBenchmarks
{
    private const string Line =
        """{"article":"tea-green-250","name":"Green tea, 250 g","quantity":2,"price":{"amount":"7.90","currency":"EUR"},"gift":false}""";

    private byte[] _json = [];
    private byte[] _packed = [];

    [Params("order", "list")]
    public string Body { get; set; } = "";

    [GlobalSetup]
    public void Begin()
    {
        var lines = string.Join(',', Enumerable.Repeat(Line, Body == "order" ? 7 : 480));
        _json = Encoding.UTF8.GetBytes($$"""{"customer":"customer-17","placed":"2026-11-26T12:00:00Z","lines":[{{lines}}],"note":"Caf\u00e9"}""");
        var packed = new MemoryStream();
        using (var packing = new GZipStream(packed, CompressionLevel.Optimal)) packing.Write(_json);
        _packed = packed.ToArray();
    }

    [Benchmark]
    public bool Json() => JsonCheck.Of(_json, JsonLimits.Usual) is null ? true : throw new InvalidOperationException("good JSON is refused");

    [Benchmark]
    public async Task<bool> Gzip()
    {
        using var body = new MemoryStream(_packed);
        await using var unpacked = await UnpackedBody.OpenAsync(body, Coding.Gzip, 1 << 20, CancellationToken.None);
        var fault = await JsonCheck.OfAsync(unpacked, JsonLimits.Usual, CancellationToken.None);
        return fault is null ? true : throw new InvalidOperationException("good JSON is refused");
    }
}

using System.Text;
using System.Text.Json;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Body;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Policies.Body;

public sealed class JsonCheckTests
{
    private static readonly byte[] Signs = [.. "{}[]:,\"\\ \n0123456789.eE+-truefalsnull/bf"u8, 0, 0x1f, 0x7f, 0xc3, 0xa9, 0xef, 0xbb, 0xbf, 0xff];

    private static readonly JsonLimits Small = new(Depth: 3, Nodes: 10, Items: 4, Text: 8, Name: 6, Digits: 5);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("VAL-2", "bodies that are whole before they are forwarded")]
    [Control("DEV-2", "JSON bodies")]
    public void Takes_what_everybody_reads_alike_and_refuses_what_is_no_JSON()
    {
        foreach (var (name, bytes) in JsonCorpus.All)
        {
            var fault = JsonCheck.Of(bytes, JsonLimits.Usual);
            foreach (var size in (int[])[1, 7, 1000]) Assert.Same(fault, InPieces(bytes, size, JsonLimits.Usual));
            var expected = name is "y_object_duplicated_key.json" or "y_object_duplicated_key_and_value.json" ? JsonFault.TwoNames : null;
            if (name.StartsWith("y_", StringComparison.Ordinal)) Assert.True(fault == expected, $"{name}: {fault?.Reason}");
            if (name.StartsWith("n_", StringComparison.Ordinal)) Assert.True(fault is not null, name);
        }
    }

    [Theory]
    [Control("LIM-3")]
    [InlineData("[[[1]]]", "[[[[1]]]]", "the JSON is too deep")]
    [InlineData("""{"a":{"b":{"c":1}}}""", """{"a":{"b":{"c":{}}}}""", "the JSON is too deep")]
    [InlineData("[[1,2,3],[1,2,3],1]", "[[1,2,3],[1,2,3],1,2]", "the JSON has too many values")]
    [InlineData("""{"a":[1,2,3,4],"b":[1,2,3]}""", """{"a":[1,2,3,4],"b":[1,2,3,4]}""", "the JSON has too many values")]
    [InlineData("[1,2,3,4]", "[1,2,3,4,5]", "an array of the JSON has too many values")]
    [InlineData("[[],{},null,\"\"]", "[[],{},null,\"\",true]", "an array of the JSON has too many values")]
    [InlineData("\"12345678\"", "\"123456789\"", "a string of the JSON is too long")]
    [InlineData("\"\\u0041xx\"", "\"\\u0041xxx\"", "a string of the JSON is too long")]
    [InlineData("""{"123456":1}""", """{"1234567":1}""", "a name of the JSON is too long")]
    [InlineData("12345", "123456", "a number of the JSON has too many digits")]
    [InlineData("-1234", "-12345", "a number of the JSON has too many digits")]
    [InlineData("1e4", "1e5", "a number of the JSON has too many digits")]
    [InlineData("1e004", "1e005", "a number of the JSON has too many digits")]
    [InlineData("1E-4", "1e-99999999999999999999", "a number of the JSON has too many digits")]
    [InlineData("1e+4", "1e999999999", "a number of the JSON has too many digits")]
    public void Bounds_what_JSON_costs(string within, string beyond, string reason)
    {
        Assert.Null(JsonCheck.Of(Encoding.UTF8.GetBytes(within), Small));
        Assert.Null(InPieces(Encoding.UTF8.GetBytes(within), 1, Small));
        var fault = JsonCheck.Of(Encoding.UTF8.GetBytes(beyond), Small)!;
        Assert.Equal((Problems.JsonTooComplex, reason), (fault.Problem, fault.Reason));
        Assert.Same(fault, InPieces(Encoding.UTF8.GetBytes(beyond), 1, Small));
    }

    [Fact]
    [Control("DEV-2", "JSON bodies")]
    public void What_it_takes_the_platforms_strictest_parser_takes_too_and_the_reverse()
    {
        var random = new Random(20261126);
        var texts = JsonCorpus.All.Where(t => t.Bytes.Length is > 0 and < 1000).ToList();
        var strict = new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = JsonLimits.Usual.Depth };
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = texts[random.Next(texts.Count)].Bytes.ToList();
            for (var changes = random.Next(3); changes > 0; changes--)
                if (random.Next(2) == 0) bytes.Insert(random.Next(bytes.Count + 1), Signs[random.Next(Signs.Length)]);
                else bytes[random.Next(bytes.Count)] = Signs[random.Next(Signs.Length)];
            byte[] text = [.. bytes];
            var fault = JsonCheck.Of(text, JsonLimits.Usual);
            Assert.Same(fault, InPieces(text, random.Next(1, 20), JsonLimits.Usual));
            var taken = Takes(text, strict);
            if (fault is null || fault == JsonFault.NotJson || fault == JsonFault.TwoNames)
                Assert.True(fault is null == taken, $"{i}: {Encoding.Latin1.GetString(text)}: {fault?.Reason}");
        }
    }

    [Theory]
    [Control("VAL-2", "bodies that are whole before they are forwarded")]
    [InlineData("""{"a":1,"a":1}""")]
    [InlineData("""{"a":1,"\u0061":2}""")]
    [InlineData("""[{"b":{"a":1},"c":[{"a":1}],"b":1}]""")]
    [InlineData("""{"":1,"":2}""")]
    [InlineData("""{"a long name that has more than one word":1,"a long name that has more than one wor\u0064":2}""")]
    public void Refuses_one_name_twice(string text) => Assert.Same(JsonFault.TwoNames, JsonCheck.Of(Encoding.UTF8.GetBytes(text), JsonLimits.Usual));

    [Theory]
    [InlineData("""{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}],"A":0,"a ":0,"":0,"aa":0}""")]
    [InlineData("""{"\ud83d\ude00":"\ud83d\ude00","\\ud800":"\\ud800"}""")]
    public void Takes_a_name_once_in_each_object(string text) => Assert.Null(JsonCheck.Of(Encoding.UTF8.GetBytes(text), JsonLimits.Usual));

    [Fact]
    public void Sees_one_name_twice_among_many()
    {
        var names = string.Join(',', Enumerable.Range(0, 20_000).Select(i => $"\"name-{i}\":0"));
        Assert.Null(JsonCheck.Of(Encoding.UTF8.GetBytes($"{{{names}}}"), JsonLimits.Usual));
        Assert.Same(JsonFault.TwoNames, JsonCheck.Of(Encoding.UTF8.GetBytes($"{{{names},\"name-7\":0}}"), JsonLimits.Usual));
    }

    [Theory]
    [InlineData("\"\\ud800\"")]
    [InlineData("\"\\udc00\"")]
    [InlineData("\"\\udc00\\ud800\"")]
    [InlineData("\"\\ud800x\\udc00\"")]
    [InlineData("\"\\ud800\\u0041\"")]
    [InlineData("{\"\\ud800\":1}")]
    [InlineData("\"\u00ff\"")]
    [InlineData("\"\u00ed\u00a0\u0080\"")] // a surrogate as three octets
    [InlineData("{\"\u00c0\u0080\":1}")] // an overlong NUL
    [Control("VAL-2", "bodies that are whole before they are forwarded")]
    public void Refuses_what_is_not_Unicode(string latin1) =>
        Assert.Same(JsonFault.NotUnicode, JsonCheck.Of(Encoding.Latin1.GetBytes(latin1), JsonLimits.Usual));

    [Theory]
    [InlineData("\ufeff{}")]
    [InlineData("{} {}")]
    [InlineData("{}x")]
    [InlineData(" ")]
    [InlineData("[1,]")]
    [InlineData("/* */ {}")]
    [InlineData("NaN")]
    public void Refuses_what_is_not_JSON(string text) => Assert.Same(JsonFault.NotJson, JsonCheck.Of(Encoding.UTF8.GetBytes(text), JsonLimits.Usual));

    [Fact]
    public async Task Holds_no_more_than_one_block_or_the_longest_string()
    {
        var limits = JsonLimits.Usual with { Text = 100_000 };
        Assert.Null(await FromStreamAsync(Encoding.UTF8.GetBytes($"[1,\"{new string('x', 100_000)}\",2,\"{new string('y', 99_999)}\"]"), limits));
        Assert.Same(JsonFault.LongText, await FromStreamAsync(Encoding.UTF8.GetBytes($"[\"{new string('x', 100_001)}\"]"), limits));
        var endless = new Endless("[\""u8.ToArray());
        Assert.Same(JsonFault.LongToken, await JsonCheck.OfAsync(endless, limits, Cancel));
        Assert.InRange(endless.Given, 0, 1 << 20);
        endless = new Endless("[1,"u8.ToArray(), (byte)' ');
        Assert.Same(JsonFault.LongToken, await JsonCheck.OfAsync(endless, limits, Cancel));
    }

    [Theory]
    [InlineData("application/json", true)]
    [InlineData("Application/JSON; charset=utf-8", true)]
    [InlineData("application/merge-patch+json", true)]
    [InlineData("application/vnd.x+json ;v=1", true)]
    [InlineData("text/json", true)]
    [InlineData("text/plain, application/json", true)]
    [InlineData("text/plain", false)]
    [InlineData("application/jsonp", false)]
    [InlineData("application/x-ndjson", false)]
    [InlineData("text/plain; x=application/json", false)]
    [InlineData("", false)]
    public void Knows_what_says_it_is_JSON(string type, bool isJson)
    {
        Assert.Equal(isJson, JsonCheck.IsJson(type));
        Assert.True(JsonCheck.IsJson((string[])[type, "application/json"]));
    }

    private static bool Takes(byte[] text, JsonDocumentOptions options)
    {
        try
        {
            using var document = JsonDocument.Parse(text, options);
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static JsonFault? InPieces(ReadOnlySpan<byte> bytes, int size, JsonLimits limits)
    {
        using var walk = new JsonWalk(limits);
        for (var (begin, end) = (0, 0); ;)
        {
            end = Math.Min(end + size, bytes.Length);
            var isLast = end == bytes.Length;
            if (walk.Read(bytes[begin..end], isLast, out var consumed) is { } fault) return fault;
            if (isLast) return null;
            begin += consumed;
        }
    }

    private static async Task<JsonFault?> FromStreamAsync(byte[] bytes, JsonLimits limits) =>
        await JsonCheck.OfAsync(new Pieces(bytes), limits, Cancel);

    /// <summary>A stream that gives as little as a stream may.</summary>
    private sealed class Pieces(byte[] bytes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, 777)], cancellationToken);
    }

    private sealed class Endless(byte[] beginning, byte then = (byte)'x') : MemoryStream
    {
        public long Given { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            buffer.Span.Fill(then);
            if (Given == 0) beginning.CopyTo(buffer);
            Given += buffer.Length;
            return new(buffer.Length);
        }
    }
}

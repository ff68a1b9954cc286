using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gatehouse.Configuration;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Intake;

/// <summary>Public corpora of requests that programs read differently: their verdicts, and what is logged is what was sent on.</summary>
public sealed class CorpusTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("SMG-1")]
    [Control("SMG-2")]
    [Control("SMG-3")]
    [Control("SMG-4")]
    [Control("SMG-13")]
    public async Task Heads_that_are_severe_are_refused_and_no_other_is_misread()
    {
        await using var front = await IntakeFront.StartAsync();
        foreach (var head in DesyncHead.All)
        {
            var answers = await front.PlayAsync(head.Bytes(), Patience);
            Assert.True(answers.Statuses.All(s => s < 500), $"{head}: {answers.Text}");
            if (head.Tier == "Severe") Assert.True(answers is { Statuses: [400], SaysClose: true }, $"{head}: {answers.Text}");
            if (head.Tier == "Ambiguous") Assert.True(answers.Statuses is [400] or [] or [200] or [200, 200], $"{head}: {answers.Text}");
        }

        await front.SettleAsync("desync");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Control("SMG-4")]
    [Control("SMG-5")]
    [Control("SMG-13")]
    public async Task Requests_that_a_strict_parser_refuses_are_refused(bool withHost)
    {
        await using var front = await IntakeFront.StartAsync();
        foreach (var request in RawRequest.All)
        {
            var answers = await front.PlayAsync(withHost ? request.WithHost() : request.Bytes, Patience);
            Assert.True(answers.Statuses.All(s => s < 500), $"{request}: {answers.Text}");
            if (request.MustFail) Assert.True(answers is { Last: 400, SaysClose: true }, $"{request}: {answers.Text}");
        }

        await front.SettleAsync("http1");
    }

    [Fact]
    [Control("DEV-2", "intake")]
    public async Task Strings_that_break_programs_break_nothing_here()
    {
        await using var front = await IntakeFront.StartAsync();
        var folder = Path.Combine(AppContext.BaseDirectory, "corpora", "strings");
        var texts = JsonSerializer.Deserialize<string[]>(await File.ReadAllTextAsync(Path.Combine(folder, "blns.json"), Cancel))!;
        await Parallel.ForEachAsync(texts, Cancel, async (text, _) =>
        {
            foreach (var request in With(text))
            {
                var answers = await front.PlayAsync(request);
                Assert.True(answers.Statuses is [< 500, ..] && answers.Statuses.All(s => s < 500), $"{request}: {answers.Text}");
            }
        });
        await front.SettleAsync("strings"); // reads every line of the log as JSON
    }

    private static IEnumerable<string> With(string text)
    {
        var bytes = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));
        var escaped = Uri.EscapeDataString(text);
        yield return $"GET /x HTTP/1.1\r\nHost: localhost\r\nX-Text: {bytes}\r\n\r\n";
        yield return $"GET /{escaped} HTTP/1.1\r\nHost: localhost\r\n\r\n";
        yield return $"GET /{bytes} HTTP/1.1\r\nHost: localhost\r\n\r\n";
        yield return $"GET /x?{escaped}={escaped} HTTP/1.1\r\nHost: localhost\r\n\r\n";
        yield return $"GET /x HTTP/1.1\r\nHost: {bytes}\r\n\r\n";
        yield return $"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: {bytes.Length}\r\n\r\n{bytes}";
    }
}

/// <summary>A labelled head of the desync corpus: as text, whose UTF-8 are its bytes.</summary>
internal sealed record DesyncHead(
    string Name, string Tier, string Method, string Target, string Version, IReadOnlyList<(string Name, string Value)> Fields)
{
    public static IReadOnlyList<DesyncHead> All { get; } = [.. Read()];

    public byte[] Bytes()
    {
        var text = new StringBuilder($"{Method} {Target}{(Version.Length == 0 ? "" : " " + Version)}\r\n");
        if (!Fields.Any(f => f.Name == "Host")) text.Append("Host: localhost\r\n");
        foreach (var (name, value) in Fields) text.Append(name).Append(": ").Append(value).Append("\r\n");
        return [.. Encoding.UTF8.GetBytes(text.Append("\r\n").ToString()), .. Body()];
    }

    /// <summary>So that what is served is whole.</summary>
    private byte[] Body()
    {
        if (Fields.Any(f => f is { Name: "Transfer-Encoding", Value: "chunked" })) return "0\r\n\r\n"u8.ToArray();
        var length = Fields.Where(f => f.Name == "Content-Length").Select(f => f.Value).FirstOrDefault();
        return int.TryParse(length, out var count) && count is > 0 and < 100_000 ? new byte[count] : [];
    }

    private static IEnumerable<DesyncHead> Read()
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "corpora", "desync");
        foreach (var file in Directory.EnumerateFiles(folder, "*.yaml").Order(StringComparer.Ordinal))
        {
            var findings = new Findings();
            var heads = YamlReader.Read(file, File.ReadAllText(file), findings) as ListNode;
            foreach (var head in heads!.Items.Cast<MapNode>())
            {
                var fields = (Of(head, "headers") as ListNode)?.Items.Cast<MapNode>().Select(f => (Text(f, "name"), Text(f, "value"))) ?? [];
                yield return new DesyncHead(Text(head, "name"), Text((MapNode)Of(head, "expected")!, "tier"), Text(head, "method"), Text(head, "uri"),
                    Text(head, "version"), [.. fields]);
            }
        }
    }

    private static Node? Of(MapNode map, string key) => map[key];

    private static string Text(MapNode map, string key) => (Of(map, key) as ScalarNode)?.Text ?? "";
}

/// <summary>A request of the parser's corpus.</summary>
internal sealed record RawRequest(string File, string Name, bool StrictError, string? Reason, byte[] Bytes)
{
    public static IReadOnlyList<RawRequest> All { get; } = [.. Read()];

    /// <summary>The same with a host, where it has none: so that not only the lack of one is found.</summary>
    public byte[] WithHost()
    {
        var text = Encoding.Latin1.GetString(Bytes);
        var end = text.IndexOf("\r\n", StringComparison.Ordinal);
        if (end < 0 || text.Contains("host:", StringComparison.OrdinalIgnoreCase)) return Bytes;
        return Encoding.Latin1.GetBytes(text.Insert(end + 2, "Host: localhost\r\n"));
    }

    /// <summary>
    /// A pause for an upgrade is no error of the request; after one that says that it is the last nothing is looked at; methods that HTTP does not
    /// have are 405.
    /// </summary>
    public bool MustFail => StrictError && Reason?.StartsWith("Pause on", StringComparison.Ordinal) != true
        && Reason is not ("Data after `Connection: close`" or "Invalid method for HTTP/x.x request" or "Expected space after method");

    public override string ToString() => $"{File}: {Name} ({Reason})";

    private static IEnumerable<RawRequest> Read()
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "corpora", "http1");
        foreach (var r in JsonNode.Parse(System.IO.File.ReadAllText(Path.Combine(folder, "raw-requests.json")))!.AsArray())
            yield return new RawRequest((string)r!["file"]!, (string)r["name"]!, (bool)r["strictError"]!, (string?)r["reason"],
                Convert.FromBase64String((string)r["rawBase64"]!));
    }
}

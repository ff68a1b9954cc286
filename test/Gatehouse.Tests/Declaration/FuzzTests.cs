using System.Diagnostics;
using Gatehouse.Configuration;
using Gatehouse.TestKit;
using Xunit;

namespace Gatehouse.Tests.Declaration;

/// <summary>Whatever a file holds, the reader neither throws nor hangs, and gives either a definition or an error.</summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int Rounds = 1500;

    /// <summary>Most take milliseconds; the rest is for a machine that is busy with other things. What grows with the square takes minutes.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    private static readonly string[] Seeds =
        [.. Golden.Names(Declarations.Folder).Select(n => Golden.Read(Declarations.Folder, n).Files(Declarations.File)[Declarations.File])];

    private static readonly string[] Nasty =
        ["\0", "\ufeff", "\u202e", "\ud800", "💥", "&a", "*a", "<<:", "!!binary", "%YAML 1.1", "---", "...", "{", "}", "[", "]", "? ", ": ", "- ",
            "\t", "\r", "|", ">", "'", "\"", "\\x", "#", "~", "null", "undecided", "*",
         "99999999999999999999", "-1", "1e999", ".inf", "0x7f", "0177.0.0.1:80", "[::ffff:1.2.3.4%1]:1", "GET /{a**}/{a}", "file:/dev/zero", "env:",
             "2027-02-30", "9999999h", "999999999d", "http://[", "https://a:99999", "0.0.0.0/0"];

    [Fact]
    [Control("DEV-2")]
    public void No_text_crashes_the_reader()
    {
        const int seed = 20261123;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < Rounds; round++) Read(Mutate(Seeds[random.Next(Seeds.Length)], random), round);
    }

    [Fact]
    [Control("DEV-2")]
    public void No_tree_of_nodes_crashes_the_reader()
    {
        const int seed = 42;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var others = Nasty.Select(NodeText.Text).Append(NodeText.EmptyMap).Append(NodeText.EmptyList).ToList();
        for (var round = 0; round < Rounds; round++)
        {
            if (YamlReader.Read(Declarations.File, Seeds[random.Next(Seeds.Length)], new Findings()) is not { } root) continue;
            List<Node> variants = [.. NodeText.ReplacingEach(root, [others[random.Next(others.Count)]])];
            Read(NodeText.Write(variants[random.Next(variants.Count)]), round);
        }
    }

    [Theory]
    [InlineData("[", 100_000)]
    [InlineData("{a: ", 100_000)]
    [InlineData("- ", 100_000)]
    [InlineData("? ", 100_000)]
    [InlineData("a: &a ", 50_000)]
    [InlineData("x", 5_000_000)]
    [InlineData("a: b\n", 200_000)]
    [InlineData("\n", 2_000_000)]
    public void No_repetition_takes_long(string piece, int times) => Read(string.Concat(Enumerable.Repeat(piece, times)), 0);

    private static void Read(string text, int round)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            var reading = Declarations.Read(text);
            Assert.True(reading.Definition is not null || reading.Findings.Any(f => f.IsError)
                || reading.LeftOut > 0, $"round {round}: neither a definition nor an error, of:\n{Show(text)}");
            Assert.True(reading.Definition is null
                || !reading.Findings.Any(f => f.IsError), $"round {round}: a definition and an error, of:\n{Show(text)}");
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException)
        {
            Assert.Fail($"round {round}: {e}\nof:\n{Show(text)}");
        }

        Assert.True(Stopwatch.GetElapsedTime(start) < Longest, $"round {round} took {Stopwatch.GetElapsedTime(start)}, of:\n{Show(text)}");
    }

    private static string Mutate(string text, Random random)
    {
        for (var times = random.Next(1, 5); times > 0; times--)
        {
            var at = random.Next(text.Length + 1);
            var length = Math.Min(random.Next(40), text.Length - at);
            var other = Seeds[random.Next(Seeds.Length)];
            text = random.Next(7) switch
            {
                0 => text.Remove(at, length),
                1 => text.Insert(at, Nasty[random.Next(Nasty.Length)]),
                2 => text.Insert(at, other.Substring(random.Next(other.Length / 2), Math.Min(60, other.Length / 2))),
                3 => at < text.Length ? text.Remove(at, 1).Insert(at, ((char)random.Next(0xffff)).ToString()) : text,
                4 => text.Insert(at, text.Substring(at, length)),
                5 => string.Join('\n', text.Split('\n').Where((_, line) => line != at % 30)),
                _ => text.Insert(at, new string("[{ 9x"[random.Next(5)], random.Next(2000))),
            };
        }

        return text;
    }

    private static string Show(string text) => text.Length <= 3000 ? text : text[..3000] + "…";
}

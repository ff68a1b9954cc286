using System.Diagnostics;
using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Contracts;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Contracts;

/// <summary>Whatever a contract holds, its reader neither throws nor hangs, and gives either a contract or an error.</summary>
public sealed class ContractFuzzTests(ITestOutputHelper output)
{
    private const int Rounds = 1200;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    private static readonly string[] Nasty =
    [
        "\0", "\ufeff", "\u2028", "\u202e", "{", "}",
        "[", "]", ",", ":", "\"", "\\u0000", "\\ud800",
        "null", "true", "-1", "1e999", "[]", "{}", "\"\"",
        "$ref", "\"$ref\": \"#/paths/~1returns\"",
        "\"#/components/pathItems/Circle\"", "\"#/components/schemas/Return\"",
        "\"$dynamicRef\": \"#x\"", "\"$id\": \"http://127.0.0.1:1/\"",
        "operationId", "parameters", "additionalOperations", "x-",
        "/{a}/{a}", "3.1.0", "3.0.0", "\"$self\": \"\\\\\"", "&a ", "*a", "!!binary ", "<<: ",
    ];

    [Fact]
    [Control("CFG-4")]
    public void No_contract_crashes_its_reader()
    {
        const int seed = 20261124;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var seeds = new[] { "returns-3.1.yaml", "warehouse-3.2.json" }
            .Select(n => (Name: n, Text: Encoding.UTF8.GetString(Corpus.Read(n))))
            .ToArray();
        var readable = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var (name, text) = seeds[round % seeds.Length];
            if (Read(name, Mutate(text, random), round)) readable++;
        }

        output.WriteLine($"{readable} of {Rounds} could still be read");
        Assert.InRange(readable, 1, Rounds - 1); // mutations that break everything, or nothing, would test nothing
    }

    [Fact]
    [Control("CFG-4")]
    public void No_tree_crashes_the_library()
    {
        const int seed = 3;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var text = Encoding.UTF8.GetString(Corpus.Read("returns-3.1.yaml"));
        List<string> values =
        [
            .. Nasty.Select(n => JsonEncoded(n)),
            "[]", "{}", "null", "7",
            "{ $ref: '#/paths' }", "{ $ref: '#/components/schemas/Return' }", "{ $ref: '#' }", "{ $ref: '' }",
        ];
        var lines = text.Split('\n');
        for (var round = 0; round < Rounds; round++)
        {
            var changed = (string[])lines.Clone();
            for (var times = random.Next(1, 4); times > 0; times--)
            {
                var at = random.Next(3, lines.Length);
                var colon = changed[at].IndexOf(": ", StringComparison.Ordinal);
                if (colon > 0) changed[at] = $"{changed[at][..colon]}: {values[random.Next(values.Count)]}";
            }

            Read("c.yaml", string.Join('\n', changed), round);
        }
    }

    private static string JsonEncoded(string text) => "\"" + System.Text.Json.JsonEncodedText.Encode(text) + "\"";

    private static bool Read(string name, string text, int round)
    {
        var start = Stopwatch.GetTimestamp();
        var findings = new Findings();
        try
        {
            var contract = ContractReader.Read(name, Encoding.UTF8.GetBytes(text), findings);
            Assert.True(contract is null == findings.HasErrors, $"round {round}: a contract and an error, or neither, of:\n{text}");
            Assert.True(Stopwatch.GetElapsedTime(start) < Longest, $"round {round} took {Stopwatch.GetElapsedTime(start)}, of:\n{text}");
            return contract is not null;
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException)
        {
            Assert.Fail($"round {round}: {e}\nof:\n{text}");
            return false;
        }
    }

    private static string Mutate(string text, Random random)
    {
        for (var times = random.Next(1, 4); times > 0; times--)
        {
            var at = random.Next(text.Length);
            var length = Math.Min(random.Next(30), text.Length - at);
            text = random.Next(5) switch
            {
                0 => text.Remove(at, length),
                1 => text.Insert(at, Nasty[random.Next(Nasty.Length)]),
                2 => text.Remove(at, 1).Insert(at, ((char)random.Next(0xffff)).ToString()),
                3 => text.Insert(at, text.Substring(at, length)),
                _ => Replace(text, random),
            };
        }

        return text;
    }

    /// <summary>Another value for a key keeps the text readable, so that what lies deeper is reached.</summary>
    private static string Replace(string text, Random random)
    {
        var quote = text.IndexOf("\": \"", random.Next(text.Length), StringComparison.Ordinal);
        var end = quote < 0 ? -1 : text.IndexOf('"', quote + 4);
        return end < 0 ? text : text[..(quote + 4)] + Nasty[random.Next(Nasty.Length)].Replace("\"", "", StringComparison.Ordinal) + text[end..];
    }
}

using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Intake;

/// <summary>Requests of the public corpora's kinds that are in none of them: the verdict of each, and what is logged is what was sent on.</summary>
public sealed class HostileRequestTests
{
    private const int AtOnce = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("SMG-1")]
    [Control("SMG-2")]
    [Control("SMG-3")]
    [Control("SMG-4")]
    [Control("SMG-5")]
    [Control("SMG-7")]
    [Control("SMG-8")]
    [Control("SMG-10", "no tunnel")]
    [Control("SMG-11")]
    [Control("SMG-13")]
    [Control("NRM-1", "what is logged is what was sent")]
    [Control("NRM-2")]
    [Control("NRM-3")]
    [Control("NRM-4")]
    [Control("NRM-6")]
    [Control("DEV-2", "intake")]
    public async Task Each_has_its_verdict_and_none_is_misread()
    {
        await using var front = await IntakeFront.StartAsync();
        var wrong = new List<string>();
        await Parallel.ForEachAsync(Read(), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (request, _) =>
        {
            var answers = await front.PlayAsync(request.Bytes, Patience, request.Drip);
            var isRight = answers.Finals.Select(f => f.Status).SequenceEqual(request.Expected) && (answers.Last != 400 || answers.SaysClose);
            if (isRight) return;
            lock (wrong) wrong.Add($"{request.Name}: {string.Join(' ', answers.Statuses)} for {string.Join(' ', request.Expected)}");
        });
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        await front.SettleAsync("hostile");
        Assert.DoesNotContain(front.Upstream.Requests, r => r.Target.Contains("within", StringComparison.Ordinal));
    }

    private static IEnumerable<(string Name, byte[] Bytes, int[] Expected, int? Drip)> Read()
    {
        var file = Path.Combine(AppContext.BaseDirectory, "corpora", "hostile", "requests.json");
        foreach (var request in JsonNode.Parse(File.ReadAllText(file))!.AsArray())
            yield return ((string)request!["name"]!, Encoding.Latin1.GetBytes((string)request["raw"]!),
                [.. request["expect"]!.AsArray().Select(s => (int)s!)], (int?)request["drip"]);
    }
}

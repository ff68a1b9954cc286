using System.Net;
using System.Text.Json;
using Gatehouse.Audit;
using Gatehouse.Cli.Commands;
using Gatehouse.Hosting;
using Gatehouse.TestKit;
using Gatehouse.Tests.Cli;

namespace Gatehouse.Tests.Audit;

/// <summary>What leaves a trail for another machine.</summary>
public sealed class AuditExportTests
{
    [Fact]
    [Control("AUD-8", "an export verifies like the store that it came from")]
    public async Task A_whole_export_verifies_with_the_public_key_alone_and_shows_what_was_changed_in_it()
    {
        using var trade = await TradeTrail.WriteAsync(300);
        var file = trade.NewFile("trail.jsonl");

        var export = await trade.RunAsync("export", "--to", file, "--signing-key", trade.SigningKey);
        var holds = await VerifyAsync(file, trade);
        var lines = await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken);

        Assert.True(export.ExitCode == 0, export.Error);
        Assert.True(holds.ExitCode == 0, holds.Output + holds.Error);
        Assert.All(lines, l => Assert.True(l.All(char.IsAscii)));
        var at = Array.FindIndex(lines, l => l.Contains("\"r0000007\"", StringComparison.Ordinal));
        string[] removed = [.. lines[..at], .. lines[(at + 1)..]];
        string[] edited = [.. lines[..at], lines[at].Replace("r0000007", "r0000008", StringComparison.Ordinal), .. lines[(at + 1)..]];
        string[] doubled = [.. lines[..at], lines[at], .. lines[at..]];
        foreach (var changed in (string[][])[removed, edited, doubled])
        {
            await File.WriteAllLinesAsync(file, changed, TestContext.Current.CancellationToken);
            Assert.Equal(1, (await VerifyAsync(file, trade)).ExitCode);
        }
    }

    [Fact]
    public async Task An_export_without_personal_values_verifies_and_has_none()
    {
        using var trade = await TradeTrail.WriteAsync(100);
        var file = trade.NewFile("trail.jsonl");

        await trade.RunAsync("export", "--to", file, "--no-personal", "--signing-key", trade.SigningKey);
        var csv = await trade.RunAsync("export", "--format", "csv", "--no-personal");
        var ocsf = await trade.RunAsync("export", "--format", "ocsf", "--no-personal");

        Assert.Equal(0, (await VerifyAsync(file, trade)).ExitCode);
        foreach (var text in (string[])[await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), csv.Output, ocsf.Output])
        {
            Assert.DoesNotContain("203.0.113.9", text, StringComparison.Ordinal);
            Assert.DoesNotContain(DayOfTrade.Key.Id, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_export_is_read_like_a_trail_and_whoever_does_is_not_recorded_in_it()
    {
        using var trade = await TradeTrail.WriteAsync(100);
        var file = trade.NewFile("trail.jsonl");
        await trade.RunAsync("export", "--to", file);
        var before = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);

        var found = await RunAsync("search", file, "--output", "csv", "--request-id", "r0000003");

        Assert.Contains("r0000003", found.Output, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_export_is_for_its_owner_only_and_overwrites_nothing()
    {
        using var trade = await TradeTrail.WriteAsync(5);
        var file = trade.NewFile("trail.csv");

        var first = await trade.RunAsync("export", "--format", "csv", "--to", file);
        var second = await trade.RunAsync("export", "--format", "csv", "--to", file);

        Assert.Equal((0, 1), (first.ExitCode, second.ExitCode));
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    [Control("LOG-9", "the OCSF form")]
    public async Task Every_kind_of_record_is_an_event_of_the_schema_of_ocsf()
    {
        var schema = OcsfSchema.Read();
        using var trade = await TradeTrail.WriteAsync(200, [.. Enum.GetValues<AuditKind>().SelectMany(Forms)]);

        var export = await trade.RunAsync("export", "--format", "ocsf");

        var events = export.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(events.Length > 200);
        foreach (var line in events)
        {
            using var happened = JsonDocument.Parse(line);
            Assert.Empty(schema.Complaints(happened.RootElement).Select(c => $"{c}: {line}"));
        }
    }

    /// <summary>A former version wrote <c>refused</c> whenever there was a problem.</summary>
    [Theory]
    [InlineData("outcome", "failed-before", "Allowed")]
    [InlineData("exchange", "failed-after", "Allowed")]
    [InlineData("unknown", "unknown", "Allowed")]
    [InlineData("refusal", "refused", "Denied")]
    [InlineData("handshake", "refused", "Denied")]
    [InlineData("activation", "refused", "Denied")]
    [Control("LOG-9", "what was let through and failed is not denied")]
    public async Task What_was_let_through_and_failed_was_not_refused_whatever_a_former_version_says(string kind, string outcome, string action)
    {
        using var trade = await TradeTrail.WriteAsync(5, new AuditRecord
        {
            Kind = AuditWords.Kind(kind)!.Value,
            Time = DayOfTrade.Begin.AddDays(1),
            Decision = AuditDecision.Refused,
            Outcome = AuditWords.Outcome(outcome),
            RequestId = "former",
            Intent = kind == "outcome" ? "former" : null,
            Problem = "upstream-failed",
            Status = 502,
        });

        var export = await trade.RunAsync("export", "--format", "ocsf", "--request-id", "former");
        var csv = await trade.RunAsync("export", "--format", "csv", "--request-id", "former");
        var refused = await trade.SearchAsync("--decision", "refused", "--request-id", "former");
        var allowed = await trade.SearchAsync("--decision", "allowed", "--request-id", "former");

        var happened = System.Text.Json.Nodes.JsonNode.Parse(export.Output)!;
        var denied = action == "Denied";
        Assert.Equal((action, denied ? "Blocked" : "Allowed"), ((string?)happened["action"], (string?)happened["disposition"]));
        Assert.Contains(denied ? ",refused," : ",allowed,", csv.Output, StringComparison.Ordinal);
        Assert.Equal((denied ? 1 : 0, denied ? 0 : 1), (refused.Count, allowed.Count));
    }

    [Theory]
    [InlineData("class_uid", "6004", "class_uid")]
    [InlineData("severity_id", "7", "severity_id")]
    [InlineData("severity", "\"High\"", "caption")]
    [InlineData("time", "1764000000", "timestamp_t")]
    [InlineData("src_endpoint", "{}", "none of")]
    [InlineData("actor", "{\"user\":{\"type_id\":1}}", "none of")]
    [InlineData("api", "{}", "operation is missing")]
    [InlineData("extra", "1", "not known")]
    [InlineData("metadata", "{\"version\":\"1.7.0\",\"profiles\":[\"security_control\",\"trace\"]}", "product is missing")]
    public async Task The_schema_test_sees_what_is_wrong(string attribute, string value, string complaint)
    {
        using var trade = await TradeTrail.WriteAsync(1);
        var export = await trade.RunAsync("export", "--format", "ocsf", "--request-id", "r0000000");
        var happened = System.Text.Json.Nodes.JsonNode.Parse(export.Output)!;
        happened[attribute] = System.Text.Json.Nodes.JsonNode.Parse(value);
        using var broken = JsonDocument.Parse(happened.ToJsonString());

        Assert.Contains(OcsfSchema.Read().Complaints(broken.RootElement), c => c.Contains(complaint, StringComparison.Ordinal));
    }

    /// <summary>One with everything that it may say, and one with nothing that it need not.</summary>
    private static IEnumerable<AuditRecord> Forms(AuditKind kind)
    {
        foreach (var outcome in Enum.GetValues<AuditOutcome>())
        {
            yield return new AuditRecord
            {
                Kind = kind,
                Time = DayOfTrade.Begin.AddDays(1),
                Decision = outcome == AuditOutcome.Refused ? AuditDecision.Refused : AuditDecision.Allowed,
                Outcome = outcome,
                RequestId = $"full-{kind}-{outcome}",
                TraceId = "4bf92f3577b34da6a3ce929d0e0e4736",
                Intent = kind is AuditKind.Outcome or AuditKind.Closed ? $"full-{kind}-{outcome}" : null,
                Listener = "edge",
                Consumer = "web-shop",
                ConsumerKind = "application",
                CredentialKind = "token",
                CredentialId = "t1",
                Person = "a person",
                Actor = "an actor",
                Client = IPAddress.IPv6Loopback,
                Route = "orders/get-order",
                Api = "orders",
                Method = "PATCH",
                Path = "/orders/{orderId}",
                Parameters = "key:digest",
                About = [DayOfTrade.About(17)],
                DecidedBy = "limits",
                Problem = "limit-exceeded",
                Status = 429,
                Destination = "http://10.0.3.1",
                Who = "an operator",
                Reason = "why \u001b[0m \u202e not",
                First = 1,
                Last = long.MaxValue,
                Details = [new AuditDetail("event", "limit"), new AuditDetail("event", "limit")],
                Revision = long.MaxValue,
                Fingerprint = "abcdef",
            };
            yield return new AuditRecord { Kind = kind, Outcome = outcome, Time = DayOfTrade.Begin.AddDays(1) };
        }
    }

    private static Task<Runs.Run> VerifyAsync(string file, TradeTrail trade) =>
        RunAsync("verify", file, "--key", trade.Trail.PublicKey);

    private static Task<Runs.Run> RunAsync(params string[] arguments) =>
        Runs.Async(AuditCommand.Create(new GatewayOptions { DeclarationPath = "gatehouse.yaml" }), ["audit", .. arguments]);
}

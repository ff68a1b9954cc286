using System.CommandLine;
using System.Globalization;
using Gatehouse.Audit;
using Gatehouse.Cli.Commands.Inventory;
using Gatehouse.Configuration;

namespace Gatehouse.Cli.Commands.Audit;

/// <summary>The options that say which records are wanted.</summary>
internal sealed class QueryOptions
{
    private readonly SubjectOptions _subjects = new();
    private readonly Option<string?> _consumer = new("--consumer") { Description = "Calls of this consumer.", HelpName = "NAME" };
    private readonly Option<string?> _route = new("--route") { Description = "Calls of this route, as api/route.", HelpName = "ROUTE" };
    private readonly Option<DateTimeOffset?> _since;
    private readonly Option<DateTimeOffset?> _until;
    private readonly Option<string?> _decision = new("--decision")
    {
        Description = "What was let through, or what was refused.",
        HelpName = "allowed|refused",
    };

    private readonly Option<string?> _problem = new("--problem") { Description = "Refusals with this problem, as docs/reference/problems.md names it.", HelpName = "NAME" };
    private readonly Option<string?> _request = new("--request-id") { Description = "The records of one request.", HelpName = "ID" };
    private readonly Option<string[]> _kinds = CommaOption.OfWords("--kind", "Records of these kinds", AuditWords.AllKinds);

    public QueryOptions(TimeProvider clock)
    {
        _since = Time("--since", "From this time on: a day, a time as in 2026-11-26T08:00:00Z, or how long ago, as in 24h.", clock);
        _until = Time("--until", "Before this time.", clock);
        _decision.AcceptOnlyFromAmong("allowed", "refused");
    }

    public void AddTo(Command command)
    {
        _subjects.AddTo(command);
        Option[] all = [_consumer, _route, _since, _until, _decision, _problem, _request, _kinds];
        foreach (var option in all) command.Options.Add(option);
    }

    /// <summary>What is wanted; null where a key cannot be read, and then it has been said.</summary>
    public (AuditQuery Query, Subjects Subjects)? Read(ParseResult parsed) => _subjects.Read(parsed) is not { } subjects ? null : (new AuditQuery
    {
        Persons = subjects.Persons,
        About = subjects.About,
        Consumer = parsed.GetValue(_consumer),
        Route = parsed.GetValue(_route),
        Since = parsed.GetValue(_since),
        Until = parsed.GetValue(_until),
        Decision = AuditWords.Decision(parsed.GetValue(_decision)),
        Problem = parsed.GetValue(_problem),
        RequestId = parsed.GetValue(_request),
        Kinds = (parsed.GetValue(_kinds) ?? []).Select(k => AuditWords.Kind(k)!.Value).ToHashSet(),
    }, subjects);

    private static Option<DateTimeOffset?> Time(string name, string description, TimeProvider clock) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        CustomParser = result =>
        {
            var written = result.Tokens[0].Value;
            const DateTimeStyles Universal = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
            string[] forms = ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm'Z'", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.fff'Z'"];
            if (DateTimeOffset.TryParseExact(written, forms, CultureInfo.InvariantCulture, Universal, out var time)) return time;
            if (Units.TryReadDuration(written, out var ago) && ago < TimeSpan.FromDays(36_500)) return clock.GetUtcNow() - ago;
            result.AddError($"'{Show.Bounded(written)}' is no time such as 2026-11-26, 2026-11-26T08:00:00Z (UTC) or 24h.");
            return null;
        },
    };
}

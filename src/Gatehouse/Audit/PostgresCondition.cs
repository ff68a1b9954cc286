using System.Globalization;
using Npgsql;

namespace Gatehouse.Audit;

/// <summary>
/// What the database leaves out of a search: never what is wanted, nor the intent before or the end after it. What is wanted is decided by who
/// searches.
/// </summary>
internal sealed class PostgresCondition
{
    /// <summary>How much longer than a record an intent before it may be looked for.</summary>
    private static readonly TimeSpan LongestExchange = TimeSpan.FromDays(1);

    private readonly List<(string Name, object Value)> _values = [];
    private readonly string _subjects;

    public PostgresCondition(AuditChain chain, AuditQuery query)
    {
        _subjects = string.Join(", ", query.Persons.Concat(query.About).Select(Value));
        var conditions = new List<string> { $"chain = {Value(chain.Id)}" };
        if (query.Since is { } since) conditions.Add($"time >= {Value((since - LongestExchange).ToUnixTimeMilliseconds())}");
        if (query.Until is { } until) conditions.Add($"time < {Value(until.ToUnixTimeMilliseconds())}");
        // an end that does not say who called or which route it was has an intent that does
        if (query.Consumer is { } consumer) conditions.Add($"(consumer = {Value(consumer)} OR (consumer IS NULL AND intent IS NOT NULL))");
        if (query.Route is { } route) conditions.Add($"(route = {Value(route)} OR (route IS NULL AND intent IS NOT NULL))");
        if (query.RequestId is { } request) conditions.Add($"(request = {Value(request)} OR intent = {Value(request)})");
        if (query.Problem is { } problem) conditions.Add(OfProblem(Value(problem), Value(chain.Id)));
        if (_subjects.Length > 0) conditions.Add(OfSubjects(Value(chain.Id)));
        IsEverything = conditions.Count == 1;
        Text = string.Join(" AND ", conditions);
    }

    /// <summary>Whether nothing is left out.</summary>
    public bool IsEverything { get; }

    public string Text { get; }

    public void AddTo(NpgsqlCommand command)
    {
        foreach (var (name, value) in _values) command.Parameters.AddWithValue(name, value);
    }

    /// <summary>What was answered so, and the intent before it, which cannot know that.</summary>
    private static string OfProblem(string problem, string chain) =>
        $"(problem = {problem} OR request IN (SELECT intent FROM audit_records WHERE chain = {chain} AND problem = {problem} AND intent IS NOT NULL))";

    /// <summary>The records that name one of them, what followed these, and the intents before them, which say who it was.</summary>
    private string OfSubjects(string chain) =>
        $"""
        sequence IN (
          WITH named AS (SELECT sequence FROM audit_subjects WHERE chain = {chain} AND subject IN ({_subjects}))
          SELECT sequence FROM named
          UNION
          SELECT ending.sequence FROM audit_records began JOIN audit_records ending ON ending.chain = began.chain AND ending.intent = began.request
          WHERE began.chain = {chain} AND began.sequence IN (SELECT sequence FROM named) AND began.kind = 'intent'
          UNION
          SELECT began.sequence FROM audit_records ending JOIN audit_records began ON began.chain = ending.chain AND began.request = ending.intent
          WHERE ending.chain = {chain} AND ending.sequence IN (SELECT sequence FROM named) AND began.kind = 'intent')
        """;

    /// <summary>A value is never a part of the text.</summary>
    private string Value(object value)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"v{_values.Count}");
        _values.Add((name, value));
        return $"@{name}";
    }
}

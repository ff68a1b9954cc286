using System.Text.Json;
using System.Text.RegularExpressions;

namespace Gatehouse.Cli.Commands.Demo;

/// <summary>What the gateway and the services wrote down about the demo's calls, once all of them have ended.</summary>
internal sealed partial class DemoLogs
{
    private readonly string _accessLog;
    private readonly string _servicesLog;
    private readonly Dictionary<string, string> _lines = new(StringComparer.Ordinal);
    private readonly List<string> _handshakes = [];
    private readonly HashSet<string> _words;

    /// <param name="accessLog">The text of the gateway's access log.</param>
    /// <param name="servicesLog">The text of the services' log.</param>
    public DemoLogs(string accessLog, string servicesLog)
    {
        (_accessLog, _servicesLog) = (accessLog, servicesLog);
        _words = [.. BetweenWords().Split(accessLog), .. BetweenWords().Split(servicesLog)];
        foreach (var line in accessLog.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (TextOf(line, "requestId") is { } id) _lines[id] = line;
            else if (TextOf(line, "event") == "handshake-refused") _handshakes.Add(line);
        }
    }

    public static async Task<DemoLogs> ReadAsync(DemoSite site, CancellationToken cancelled) =>
        new(await TextAsync(site.AccessLog, cancelled), await TextAsync(site.ServicesLog, cancelled));

    /// <summary>
    /// What is missing of what the logs have to say, or there although it must not be: who answered and why; never a key, a token or a person.
    /// </summary>
    /// <param name="made">The calls that were made, each with the id of its last answer.</param>
    public IEnumerable<string> Differences(IReadOnlyList<(DemoCall Call, string? RequestId)> made)
    {
        foreach (var (call, id) in made)
            if (DifferenceOf(call, id) is { } different) yield return $"{call.Shows}: {different}";
        foreach (var (call, _) in made)
            if (SecretsOf(call).Any(IsWritten)) yield return $"{call.Shows}: a log has the key or token";
        foreach (var person in made.Select(m => m.Call.Token?.Person).OfType<string>().Distinct())
            if (_words.Contains(person)) yield return $"a log has the person {person}";
    }

    /// <summary>The text of a file that somebody may still have open.</summary>
    private static async Task<string> TextAsync(string path, CancellationToken cancelled)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return await reader.ReadToEndAsync(cancelled);
    }

    private string? DifferenceOf(DemoCall call, string? id)
    {
        if (call.ServiceLogged is { } said && !HasServiceLine(said, id ?? "")) return "the services' log does not say so";
        if (!call.IsRecorded) return null;
        if (call.Expected == ExpectedAnswer.HandshakeRefused)
            return _handshakes.Any(line => Has(line, call.Logged)) ? null : "the access log has no line of the handshake";
        if (id is null || !_lines.TryGetValue(id, out var line)) return "the access log has no line of it";
        if (TextOf(line, "problem") != (call.Expected.FromService ? null : call.Expected.Problem)) return $"the access log says: {line}";
        if (call.Expected.FromService != (TextOf(line, "destination") is not null)) return $"the access log says: {line}";
        return Has(line, call.Logged) ? null : $"the access log says: {line}";
    }

    private static bool Has(string line, IReadOnlyList<string> texts) => texts.All(text => line.Contains(text, StringComparison.Ordinal));

    private bool HasServiceLine(string said, string id) =>
        _servicesLog.Split('\n').Any(line => line.Contains(said, StringComparison.Ordinal) && line.Contains(id, StringComparison.Ordinal));

    private static IEnumerable<string> SecretsOf(DemoCall call) => new[] { call.Key, call.Token?.Text }.OfType<string>();

    private bool IsWritten(string text) =>
        _accessLog.Contains(text, StringComparison.Ordinal) || _servicesLog.Contains(text, StringComparison.Ordinal);

    private static string? TextOf(string line, string field)
    {
        using var json = JsonDocument.Parse(line);
        return json.RootElement.TryGetProperty(field, out var value) ? value.GetString() : null;
    }

    [GeneratedRegex("[^A-Za-z0-9-]+")]
    private static partial Regex BetweenWords();
}

using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Gatehouse.Cli.Commands.Output;
using Spectre.Console;

namespace Gatehouse.Cli.Commands.Demo;

/// <summary>Makes the demo's calls and compares every answer with what is expected of it.</summary>
/// <param name="clientOf">What a call is made with.</param>
internal sealed class DemoCheck(Func<DemoCall, HttpClient> clientOf)
{
    private const string ProblemType = "urn:gatehouse:problem:";
    private readonly List<(DemoCall Call, string? RequestId)> _made = [];

    /// <summary>The calls that were made so far, each with the id of its last answer: the logs have it too.</summary>
    public IReadOnlyList<(DemoCall Call, string? RequestId)> Made => _made;

    /// <summary>Makes each call in turn and prints the outcome; true when every answer was as expected.</summary>
    public async Task<bool> RunAsync(IReadOnlyList<DemoCall> calls, TextWriter output, CancellationToken cancelled)
    {
        var terminal = Terminal.For(output);
        var different = 0;
        foreach (var call in calls)
        {
            var wrong = await DifferenceAsync(call, cancelled);
            if (wrong is not null) different++;
            var mark = wrong is null ? "✓" : "✗";
            var line = $" {call.Group,-8} {call.Expected,-24} {call.Shows}";
            if (terminal is null) output.WriteLine(mark + line);
            else terminal.Write(new Paragraph().Append(mark, new Style(wrong is null ? Color.Green : Color.Red)).Append(line + Environment.NewLine));
            if (wrong is not null) output.WriteLine($"           but {wrong}");
        }

        output.WriteLine(different == 0
            ? $"{calls.Count} calls, every answer as expected." : $"{different} of {calls.Count} calls were answered otherwise than expected.");
        return different == 0;
    }

    /// <summary>What is different from what is expected, or null.</summary>
    public async Task<string?> DifferenceAsync(DemoCall call, CancellationToken cancelled)
    {
        var bodies = new StringBuilder();
        for (var i = 1; ; i++)
        {
            using var request = RequestOf(call);
            try
            {
                using var response = await clientOf(call).SendAsync(request, cancelled);
                var body = await response.Content.ReadAsStringAsync(cancelled);
                bodies.AppendLine(body);
                if (i < call.Times) continue;
                _made.Add((call, ValueOf(response, "X-Request-Id")));
                return DifferenceOf(call.Expected, response, body, bodies.ToString());
            }
            catch (HttpRequestException e)
            {
                _made.Add((call, null));
                return IsRefusedHandshake(e) && call.Expected == ExpectedAnswer.HandshakeRefused ? null : $"there is no answer: {e.Message}";
            }
        }
    }

    /// <summary>Somebody listened and broke off: with TLS 1.3 a client hears of the refusal only when it waits for the answer.</summary>
    private static bool IsRefusedHandshake(HttpRequestException e) =>
        e.HttpRequestError is not (HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError);

    private static HttpRequestMessage RequestOf(DemoCall call)
    {
        var request = new HttpRequestMessage(new HttpMethod(call.Method), call.Url);
        if (call.Key is not null) request.Headers.Add("X-Api-Key", call.Key);
        if (call.Token is not null) request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + call.Token.Text);
        foreach (var (name, value) in call.Headers) request.Headers.TryAddWithoutValidation(name, value);
        if (call.Json is not null) request.Content = new StringContent(call.Json, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        return request;
    }

    private static string? DifferenceOf(ExpectedAnswer expected, HttpResponseMessage response, string body, string bodies)
    {
        var status = (int)response.StatusCode;
        if (status != expected.Status) return string.Create(CultureInfo.InvariantCulture, $"the status is {status}");
        var problem = ProblemOf(response, body);
        if (problem != expected.Problem) return problem is null ? "the answer is no problem" : $"the problem is {problem}";
        foreach (var text in expected.Says)
            if (!bodies.Contains(text, StringComparison.Ordinal)) return $"no body says {text}";
        foreach (var (name, contains) in expected.Carries)
            if (ValueOf(response, name) is not { } value || !value.Contains(contains, StringComparison.Ordinal))
                return $"{name} is {ValueOf(response, name) ?? "not there"}";
        foreach (var name in expected.Lacks)
            if (ValueOf(response, name) is not null) return $"{name} is there";
        return null;
    }

    private static string? ProblemOf(HttpResponseMessage response, string body)
    {
        if (response.Content.Headers.ContentType?.MediaType != "application/problem+json") return null;
        using var problem = JsonDocument.Parse(body);
        return problem.RootElement.GetProperty("type").GetString()!.Replace(ProblemType, "", StringComparison.Ordinal);
    }

    private static string? ValueOf(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) || response.Content.Headers.TryGetValues(name, out values)
            ? string.Join(", ", values) : null;
}

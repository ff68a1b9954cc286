using System.Globalization;
using System.Net.Http;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gatehouse.Audit;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Accounts;

/// <summary>
/// Whatever a request carries, and wherever, none of it is in anything that the gateway writes or says of it: log, trail (the bytes of its files),
/// what the operator reads, metrics, problems, health.
/// </summary>
public sealed class CanaryTests
{
    private const string Mark = "qZxVkP";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("LOG-2", "access log, trail, events, metrics, problems and health")]
    [Control("LOG-3", "nothing of path, query and body but what is listed")]
    public async Task Nothing_that_a_request_carries_gets_out()
    {
        await using var accounted = await Accounted.StartAsync();
        var said = new StringBuilder();
        var number = 0;
        string Next() => string.Create(CultureInfo.InvariantCulture, $"{Mark}{++number:D4}x");
        foreach (var request in Everywhere(accounted, Next)) said.AppendLine(await ExchangeAsync(accounted, request));
        Assert.True(number > 60, "there are canaries");
        await WriteAllAsync(accounted, said);
        AssertClean(said.ToString());
    }

    [Fact]
    [Control("LOG-4", "access log and trail, with strings that break programs")]
    public async Task Strings_that_break_programs_leave_whole_lines_and_whole_records()
    {
        await using var accounted = await Accounted.StartAsync();
        var said = new StringBuilder();
        var file = Path.Combine(AppContext.BaseDirectory, "corpora", "strings", "blns.json");
        var token = accounted.Person();
        foreach (var text in JsonSerializer.Deserialize<string[]>(await File.ReadAllTextAsync(file, Cancel))!.Concat(Controls()))
            foreach (var request in With(Mark + text, token)) await ExchangeAsync(accounted, request);
        await WriteAllAsync(accounted, said);
        AssertClean(said.ToString());
        Assert.All(accounted.Gateway.AccessLog.Lines, line => Assert.NotNull(JsonNode.Parse(line)));
        Assert.True(accounted.Records().Count > 500, "there are records, and each of them can be read");
    }

    private static IEnumerable<string> Everywhere(Accounted accounted, Func<string> next)
    {
        var person = accounted.Issuer.Token(TimeProvider.System.GetUtcNow(), new JsonObject
        {
            ["sub"] = next(),
            ["jti"] = next(),
            ["email"] = next() + "@example.test",
            ["name"] = next(),
            ["act"] = new JsonObject { ["sub"] = next() },
        });
        var bad = accounted.Issuer.Token(TimeProvider.System.GetUtcNow().AddDays(-1), new JsonObject { ["sub"] = next(), ["client_id"] = next() });
        foreach (var token in new[] { person, bad, "gibberish" + next(), null })
        {
            var authorization = token is null ? "" : $"Authorization: Bearer {token}\r\n";
            foreach (var path in new[] { $"/orders/{next()}", $"/prices/{next()}", $"/things/{next()}", $"/nothing/{next()}/{next()}" })
            {
                yield return $"GET {path}?buyer={next()}&{next()}={next()} HTTP/1.1\r\nHost: localhost\r\n{authorization}{Fields(next)}\r\n";
                yield return $"PUT {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}{Fields(next)}{Body(next)}";
            }
        }

        var machine = $"Authorization: Bearer {accounted.Machine()}\r\n";
        yield return $"PUT /orders/{next()} HTTP/1.1\r\nHost: localhost\r\n{machine}{Fields(next)}{Body(next)}";
        yield return $"POST /orders/{next()}/end?x={next()} HTTP/1.1\r\nHost: localhost\r\n{machine}{Fields(next)}{Body(next)}";
        yield return $"PUT /orders/1 HTTP/1.1\r\nHost: localhost\r\n{machine}Content-Type: application/json\r\nContent-Length: 40\r\n\r\n"
            + $"{{\"{next()}\": {next()}".PadRight(400);
        yield return $"{next()} /orders/1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
        yield return $"GET /orders/1 HTTP/1.1\r\nHost: {next()}.example\r\n\r\n";
        yield return $"GET http://{next()}/orders/{next()} HTTP/1.1\r\nHost: {next()}\r\n\r\n";
        yield return $"GET /orders/1?api_key={next()}&access_token={next()} HTTP/1.1\r\nHost: localhost\r\n\r\n";
        var basic = Convert.ToBase64String(Encoding.ASCII.GetBytes(next()));
        yield return $"GET /orders/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {basic}{next()}\r\n\r\n";
        yield return $"GET /orders/1 HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {next()}\r\nX-Api-Key: {next()}\r\n\r\n";
        yield return $"GET /orders/1 HTTP/1.1\r\nHost: localhost\r\n{next()}: {next()}\r\n{next()} : {next()}\r\n\r\n";
        yield return $"PUT /orders/1 HTTP/1.1\r\nHost: localhost\r\n{machine}Transfer-Encoding: chunked\r\n\r\n"
            + $"5;{next()}\r\nhello\r\n0\r\n{next()}: {next()}\r\n\r\n";
        yield return $"OPTIONS /orders/{next()} HTTP/1.1\r\nHost: localhost\r\nOrigin: https://{next()}.example\r\n"
            + "Access-Control-Request-Method: PUT\r\n\r\n";
        yield return $"GET /talk?{next()} HTTP/1.1\r\nHost: localhost\r\n{machine}Connection: Upgrade\r\nUpgrade: {next()}\r\n\r\n";
        yield return $"GARBAGE {next()}\r\n\r\n";
    }

    private static string Fields(Func<string> next)
    {
        var fields = new StringBuilder();
        foreach (var name in new[]
        {
            "User-Agent", "Referer", "Cookie", "X-Request-Id", "Idempotency-Key", "X-Forwarded-Host", "X-User-Email", "Traceparent", "Tracestate",
            "Baggage", "Forwarded", "Accept-Language", "Via", "DPoP", "Client-Cert", "Gatehouse-Assertion", "X-" + next(),
        }) fields.Append(name).Append(": ").Append(next()).Append("\r\n");
        return fields.ToString();
    }

    private static string Body(Func<string> next)
    {
        var body = $$"""{"{{next()}}": "{{next()}}", "card": "4111-{{next()}}"}""";
        return $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}";
    }

    private static IEnumerable<string> With(string text, string token)
    {
        var bytes = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));
        var escaped = Uri.EscapeDataString(text);
        yield return $"GET /orders/{escaped}?page=1&buyer={escaped} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n";
        yield return $"GET /orders/1 HTTP/1.1\r\nHost: localhost\r\nX-Text: {bytes}\r\nX-Request-Id: {bytes}\r\n\r\n";
        yield return $"GET /{bytes} HTTP/1.1\r\nHost: {bytes}\r\n\r\n";
    }

    private static IEnumerable<string> Controls()
    {
        for (var c = '\0'; c <= '\u00a0'; c++)
            if (c is < ' ' or > '~') yield return $"{c}tail";
        foreach (var c in "\u200b\u202e\u2028\u2066\ufeff\ud800") yield return $"{c}tail";
        yield return "\u001b[2J\u001b]0;title\a";
        yield return new string('A', 10_000);
    }

    private static async Task<string> ExchangeAsync(Accounted accounted, string request)
    {
        await using var client = await RawHttpClient.ConnectAsync(accounted.Gateway.AddressOf("edge").Port);
        await client.SendAsync(request);
        client.FinishSending();
        try
        {
            return Encoding.Latin1.GetString(await client.ReadToEndAsync());
        }
        catch (IOException)
        {
            return ""; // reset
        }
    }

    /// <summary>Everything that the gateway has written or says.</summary>
    private static async Task WriteAllAsync(Accounted accounted, StringBuilder said)
    {
        foreach (var page in new[] { "/metrics", "/livez", "/readyz", "/nothing" })
        {
            using var response = await accounted.Gateway.Administration.GetAsync(page, Cancel);
            said.AppendLine(response.ToString()).AppendLine(await response.Content.ReadAsStringAsync(Cancel));
        }

        await accounted.EndAsync();
        said.AppendLine(accounted.Gateway.Events).AppendJoin('\n', accounted.Gateway.AccessLog.Lines);
        Assert.True(accounted.Gateway.AccessLog.Lines.Count > 40, "there are lines");
        foreach (var file in Directory.GetFiles(accounted.Gateway.Folder, "trail.db*"))
            said.AppendLine(Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file, Cancel)));
        foreach (var record in accounted.Records()) Assert.NotEqual(AuditKind.Gap, record.Kind);
    }

    private static void AssertClean(string said)
    {
        Assert.Contains("/orders/{orderId}", said, StringComparison.Ordinal); // it is looked at
        var at = said.IndexOf(Mark, StringComparison.OrdinalIgnoreCase);
        Assert.True(at < 0, at < 0 ? "" : said[Math.Max(0, at - 200)..Math.Min(said.Length, at + 100)]);
        var base64 = Convert.ToBase64String(Encoding.ASCII.GetBytes(Mark));
        Assert.DoesNotContain(base64, said, StringComparison.Ordinal);
    }
}

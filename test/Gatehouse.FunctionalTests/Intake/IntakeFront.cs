using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.FunctionalTests.Exchanges;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Intake;

/// <summary>A whole gateway between raw bytes and a service that takes nothing but what RFC 9112 writes; its routes fit the corpora.</summary>
internal sealed class IntakeFront : IAsyncDisposable
{
    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "QUERY"];

    private static readonly byte[] Last = Encoding.ASCII.GetBytes("GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

    private static readonly string[] Templates = ["/", "/{a}", "/{a}/{b}", "/{a}/{b}/{c}"];

    private readonly ConcurrentQueue<(byte[] Sent, IntakeAnswers Answers)> _played = new();

    private IntakeFront(StrictUpstream upstream, TestGateway gateway) => (Upstream, Gateway) = (upstream, gateway);

    public StrictUpstream Upstream { get; }

    public TestGateway Gateway { get; }

    public int Port => Gateway.AddressOf("edge").Port;

    public static async Task<IntakeFront> StartAsync(string moreOfListener = "", string? unwatched = null)
    {
        var upstream = new StrictUpstream();
        var declaration = new SmallDeclaration(upstream.Address)
        {
            Listener = """
                address: "127.0.0.1:0", serves: [public], hosts: [localhost, example.com, www.example.com, example.org, github.com, a]
                """ + moreOfListener,
            Drain = "announce: 0s, finish: 20s",
            MoreRoutes = Routes(),
        };
        return new IntakeFront(upstream, await TestGateway.StartAsync(declaration, unwatched: unwatched));
    }

    /// <summary>Sends these bytes and, after them, a request that ends the connection; reads all answers.</summary>
    /// <param name="patience">After it, nothing more is sent: what has come so far waits for more, and gets none.</param>
    /// <param name="piece">So many bytes at a time; null for all at once.</param>
    public async Task<IntakeAnswers> PlayAsync(byte[] bytes, TimeSpan? patience = null, int? piece = null)
    {
        byte[] sent = [.. bytes, .. Last];
        var answers = await SendAsync(sent, patience, piece);
        _played.Enqueue((sent, answers));
        return answers;
    }

    private async Task<IntakeAnswers> SendAsync(byte[] sent, TimeSpan? patience, int? piece)
    {
        await using var client = await RawHttpClient.ConnectAsync(Port);
        try
        {
            foreach (var part in sent.Chunk(piece ?? sent.Length)) await client.SendAsync(part);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // it has had enough
        }

        var answers = client.ReadToEndAsync();
        if (patience is { } most)
        {
            await ((Task)answers).WaitAsync(most).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!answers.IsCompleted) client.FinishSending();
        }

        return IntakeAnswers.Read(await answers);
    }

    public Task<IntakeAnswers> PlayAsync(string latin1) => PlayAsync(Encoding.Latin1.GetBytes(latin1));

    /// <summary>Stops the gateway, so that every record is written, and compares its records with what the service was sent.</summary>
    /// <param name="context">What a failure says besides.</param>
    public async Task<IReadOnlyList<JsonObject>> SettleAsync(string context)
    {
        await Gateway.Running.StopAsync(CancellationToken.None);
        IReadOnlyList<JsonObject> records = [.. Gateway.AccessLog.Records.Where(r => r["requestId"] is not null)]; // connections have lines too
        var requests = Upstream.Requests;
        Assert.True(Upstream.Faults.Count == 0, $"{context}: the service was sent what is no request: {string.Join("\n", Upstream.Faults)}");
        var byId = records.ToDictionary(r => (string)r["requestId"]!);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var request in requests)
        {
            var id = request.Field("X-Request-Id") ?? "";
            Assert.True(byId.TryGetValue(id, out var record), $"{context}: nobody logged {request.Method} {request.Target}");
            Assert.True(seen.Add(id), $"{context}: sent twice: {record}");
            Assert.True(record!["destination"] is not null, $"{context}: sent although it says that nobody was asked: {record}");
            var same = (string?)record["method"] == request.Method && Fits((string)record["path"]!, request.Target);
            Assert.True(same, $"{context}: {record} was sent as {request.Method} {request.Target}");
            same = !request.IsWhole || (long)record["bytesIn"]! == request.Body.Length;
            Assert.True(same, $"{context}: {record} was sent with {request.Body.Length} bytes");
        }

        foreach (var record in records)
        {
            Assert.True((int)record["status"]! < 500, $"{context}: {record}");
            if ((int)record["status"]! != 200) continue;
            var id = (string)record["requestId"]!;
            Assert.True(requests.Any(r => r.IsWhole && r.Field("X-Request-Id") == id), $"{context}: logged and never sent: {record}");
        }

        var answered = _played.Sum(p => p.Answers.Finals.Count);
        Assert.True(records.Count >= answered, $"{context}: {answered} answers, and {records.Count} records");
        foreach (var (sent, answers) in _played) Compare(sent, answers, requests, context);
        return records;
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Upstream.DisposeAsync();
    }

    /// <summary>What was served is what the client meant: the same request in the same turn, its target and every byte of its body.</summary>
    private static void Compare(byte[] sent, IntakeAnswers answers, IReadOnlyList<StrictRequest> requests, string context)
    {
        var meant = MeantRequest.Read(sent);
        for (var turn = 0; turn < answers.Finals.Count; turn++)
        {
            if (answers.Finals[turn] is not (200, { } id)) continue;
            var text = $"{context}: {Encoding.Latin1.GetString(sent)}";
            Assert.True(turn < meant.Count, $"{text}\nrequest {turn + 1} is none, and was served");
            var served = requests.Single(r => r.Field("X-Request-Id") == id);
            Assert.True(
                served.Method == meant[turn].Method && served.Target == meant[turn].Target,
                $"{text}\nrequest {turn + 1} was meant as {meant[turn].Method} {meant[turn].Target} and served as {served.Method} {served.Target}");
            Assert.True(served.Body.ToArray().AsSpan().SequenceEqual(meant[turn].Body), $"{text}\nrequest {turn + 1} was served with another body");
        }
    }

    private static bool Fits(string template, string target)
    {
        var segments = target.Split('?')[0].Split('/');
        var wanted = template.Split('/');
        return segments.Length == wanted.Length && wanted.Zip(segments).All(p => p.First.StartsWith('{') ? p.Second.Length > 0 : p.First == p.Second);
    }

    /// <summary>Bodies of PUT and PATCH are whole before they are forwarded, others are streamed.</summary>
    private static string Routes()
    {
        var text = new StringBuilder();
        foreach (var method in Methods)
        {
            var changes = method is "PUT" or "PATCH";
            for (var i = 0; i < Templates.Length; i++)
            {
                text.Append(RoutesForTests.Of(changes ? RoutesForTests.Write : RoutesForTests.SmallSearch)
                    .Replace(changes ? "POST /things/{id}" : "POST /little/{id}", $"{method} {Templates[i]}", StringComparison.Ordinal)
                    .Replace(
                        changes ? "write-thing" : "search-little",
                        string.Create(CultureInfo.InvariantCulture, $"{method.ToLowerInvariant()}-{i}"),
                        StringComparison.Ordinal));
            }
        }

        return text.ToString();
    }
}

/// <summary>All that came back on one connection.</summary>
internal sealed record IntakeAnswers(IReadOnlyList<int> Statuses, string Text)
{
    public int Last => Statuses.Count == 0 ? 0 : Statuses[^1];

    /// <summary>Whether the last answer says that the connection ends with it.</summary>
    public bool SaysClose => Text.LastIndexOf("Connection: close\r\n", StringComparison.OrdinalIgnoreCase) is var close
        && close > Text.LastIndexOf("HTTP/1.1 ", StringComparison.Ordinal);

    /// <summary>The answers but for interim ones, with their exchanges' ids.</summary>
    public IReadOnlyList<(int Status, string? Id)> Finals { get; init; } = [];

    public static IntakeAnswers Read(byte[] bytes)
    {
        var text = Encoding.Latin1.GetString(bytes);
        var statuses = new List<int>();
        var finals = new List<(int Status, string? Id)>();
        for (var at = 0; (at = text.IndexOf("HTTP/1.1 ", at, StringComparison.Ordinal)) >= 0; at += 9)
        {
            var status = int.Parse(text.AsSpan(at + 9, 3), CultureInfo.InvariantCulture);
            statuses.Add(status);
            if (status >= 200) finals.Add((status, IdIn(text[at..])));
        }

        return new IntakeAnswers(statuses, text) { Finals = finals };
    }

    private static string? IdIn(string answer)
    {
        const string name = "\r\nX-Request-Id: ";
        var end = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var at = answer.IndexOf(name, StringComparison.OrdinalIgnoreCase);
        return at < 0 || (end >= 0 && at > end) ? null : answer[(at + name.Length)..].Split("\r\n")[0];
    }
}

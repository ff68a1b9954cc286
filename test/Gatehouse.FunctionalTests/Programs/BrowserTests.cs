using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.FunctionalTests.Exchanges;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.FunctionalTests.Programs;

/// <summary>A real browser shows a page of another site, whose script calls through the gateway as such scripts do.</summary>
public sealed class BrowserTests
{
    private const int Large = 8 << 20;

    private const string Script =
        """
        <!doctype html><title>a shop</title><script>
        const at = 'GATEWAY', said = {};
        const attempt = async (name, call) => { try { said[name] = await call(); } catch (e) { said[name] = e.name; } };
        const send = (path, headers) => fetch(at + path, { method: 'PUT', headers, body: '{"a":1}' });
        const talk = path => new Promise(done => {
          const socket = new WebSocket(at.replace('http', 'ws') + path);
          let heard = 'nothing';
          socket.onopen = () => socket.send('hello');
          socket.onmessage = m => { heard = m.data; socket.close(); };
          socket.onclose = () => done(heard);
        });
        const listen = path => new Promise(done => {
          const source = new EventSource(at + path), heard = [];
          source.onmessage = m => { heard.push(m.data); if (heard.length === 3) { source.close(); done(heard.join()); } };
          source.onerror = () => { source.close(); done('error ' + heard.join()); };
        });
        (async () => {
          await attempt('read', async () => {
            const answer = await fetch(at + '/things/1');
            return [answer.status, await answer.text(), answer.headers.has('X-Request-Id'), answer.headers.has('X-Route')].join();
          });
          await attempt('write', async () => (await send('/written/1', { 'Content-Type': 'application/json', 'X-Cart': '7' })).status);
          await attempt('unknownField', async () => (await send('/written/2', { 'Content-Type': 'application/json', 'X-Other': '7' })).status);
          await attempt('closed', async () => (await fetch(at + '/closed/1')).status);
          await attempt('closedWrite', async () => (await send('/closed/1', { 'Content-Type': 'application/json' })).status);
          await attempt('refused', async () => {
            const answer = await fetch(at + '/secret/1');
            return [answer.status, (await answer.json()).type.split(':').pop()].join();
          });
          await attempt('events', () => listen('/things/events'));
          await attempt('upload', async () => (await fetch(at + '/search/1', { method: 'POST', body: new Blob([new Uint8Array(LARGE)]) })).text());
          await attempt('download', async () => (await (await fetch(at + '/things/large')).blob()).size);
          await attempt('talk', () => talk('/talk/1'));
          await attempt('talkOfOthers', () => talk('/talk-of-others/1'));
          await fetch('/said', { method: 'POST', body: JSON.stringify(said) });
        })();
        </script>
        """;

    private const string Secret =
        """

              get-secret:
                match: GET /secret/{id}
                exposure: public
                effect: read
                personalData: none
                cors: CORS
                access: { consumers: [shop], scopes: [things.read] }
                limits: [ { per: all, allow: 1000000, every: 1s } ]
        """;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Speech.Http1)]
    [InlineData(Speech.Http2)]
    [Control("VAL-11", "a real browser")]
    public async Task A_page_of_another_site_does_what_the_routes_say_and_nothing_else(Speech speech)
    {
        Tools.Need("chromium");
        await using var site = await FakeUpstream.StartAsync();
        await using var upstream = await ServiceAsync();
        var declaration = Declaration(upstream.Address, site.Address.GetLeftPart(UriPartial.Authority));
        await using var front = await Front.StartAsync(speech, declaration, ("pepper", new string('p', 40)));
        var page = Script.Replace("GATEWAY", front.Client.BaseAddress!.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal)
            .Replace("LARGE", Large.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        site.On("/page", 200, page, ("Content-Type", "text/html"));
        await using var browser = Browser.Show(site.Address + "page");
        var said = JsonNode.Parse(await SaidAsync(site))!.AsObject().Select(e => $"{e.Key}: {e.Value}");

        Assert.Equal(
            [
                "read: 200,ok,true,false", // a script reads the fields that are named, and no others
                "write: 200",
                "unknownField: TypeError",
                "closed: TypeError",
                "closedWrite: TypeError",
                "refused: 401,unauthenticated",
                "events: one,two,three",
                $"upload: {Large}",
                $"download: {Large}",
                "talk: hello",
                "talkOfOthers: nothing",
            ],
            said);
        // what needs leave was not sent without it; what a form could send too was, and its answer withheld
        Assert.Equal(["GET /closed/1", "PUT /written/1"], upstream.Requests.Where(r => r.Target.StartsWith("/closed", StringComparison.Ordinal)
            || r.Target.StartsWith("/written", StringComparison.Ordinal)).Select(r => $"{r.Method} {r.Target}").Order(StringComparer.Ordinal));
        Assert.DoesNotContain(upstream.Requests, r => r.Method == "OPTIONS" || r.Target.StartsWith("/talk-of-others", StringComparison.Ordinal));
        var version = speech == Speech.Http2 ? "HTTP/2" : "HTTP/1.1";
        await front.Gateway.AccessLog.WaitForAsync(r => (string?)r["route"] == "things/write-thing" && (string?)r["protocol"] == version, Cancel);
    }

    private static async Task<string> SaidAsync(FakeUpstream site)
    {
        while (true)
            if (await site.NextAsync(Cancel) is { Target: "/said" } said) return Encoding.UTF8.GetString(said.Body);
    }

    private static SmallDeclaration Declaration(Uri upstream, string site)
    {
        var cors = $"{{ origins: [\"{site}\"], headers: [Content-Type, X-Cart], expose: [X-Request-Id] }}";
        string Opened(string route, string how) =>
            route.Replace("personalData: none", $"personalData: none\n        cors: {how}", StringComparison.Ordinal);
        var write = RoutesForTests.Write.Replace("POST /things/", "PUT /written/", StringComparison.Ordinal);
        var closed = RoutesForTests.Write.Replace("POST /things/", "PUT /closed/", StringComparison.Ordinal)
            .Replace("write-thing", "write-closed", StringComparison.Ordinal);
        var closedRead = RoutesForTests.SmallSearch.Replace("POST /little/", "GET /closed/", StringComparison.Ordinal)
            .Replace("search-little", "get-closed", StringComparison.Ordinal);
        var others = RoutesForTests.WebSocket.Replace("talk", "talk-of-others", StringComparison.Ordinal);
        return new SmallDeclaration(upstream)
        {
            MoreOfRoute = $"cors: {cors}",
            MoreRoutes = RoutesForTests.Of(
                Opened(write, cors), Opened(RoutesForTests.Search, cors), Opened(RoutesForTests.WebSocket, $"{{ origins: [\"{site}\"] }}"),
                Secret.Replace("CORS", cors, StringComparison.Ordinal), others, closed, closedRead),
            More = RoutesForTests.Shop,
        };
    }

    private static async Task<FakeUpstream> ServiceAsync()
    {
        var upstream = await FakeUpstream.StartAsync();
        upstream.On("/things/events", async http =>
        {
            http.Response.ContentType = "text/event-stream";
            foreach (var word in new[] { "one", "two", "three" })
            {
                await http.Response.WriteAsync($"data: {word}\n\n", http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
            }

            await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default); // the page ends it
        });
        upstream.On("/things/large", http => http.Response.Body.WriteAsync(new byte[Large], http.RequestAborted).AsTask());
        upstream.On("/search/1", async http =>
        {
            var length = 0L;
            var buffer = new byte[64 * 1024];
            for (int read; (read = await http.Request.Body.ReadAsync(buffer, http.RequestAborted)) > 0;) length += read;
            await http.Response.WriteAsync(length.ToString(CultureInfo.InvariantCulture), http.RequestAborted);
        }, readsBody: true);
        return upstream.On("/talk/1", StreamTests.EchoAsync, readsBody: true);
    }
}

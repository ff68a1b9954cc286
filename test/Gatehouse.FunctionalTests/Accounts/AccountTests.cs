using System.Net;
using System.Net.Http;
using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.Audit;
using Gatehouse.FunctionalTests.Certificates;
using Gatehouse.Runtime;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Accounts;

/// <summary>Which exchanges are in the trail, and what it says of them.</summary>
public sealed class AccountTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("LOG-1", "what is in the trail agrees with the access log")]
    public async Task The_trail_says_what_the_access_log_says()
    {
        await using var accounted = await Accounted.StartAsync();
        accounted.Upstream.On("/orders/500", 500);
        List<string> ids = [];
        async Task Call(HttpMethod method, string target, string? token, string? body = null) =>
            ids.Add((await accounted.CallAsync(method, target, token, body)).Id);
        await Call(HttpMethod.Get, "/orders/17?page=2", accounted.Person());
        await Call(HttpMethod.Get, "/orders/500", accounted.Person("customer-18"));
        await Call(HttpMethod.Get, "/orders/17", null);
        await Call(HttpMethod.Get, "/orders/17", accounted.Machine("orders.read"));
        await Call(HttpMethod.Put, "/orders/17", accounted.Machine(), "x");
        await Call(HttpMethod.Put, "/orders/17", accounted.Machine("nothing"), "x");
        await Call(HttpMethod.Post, "/orders/17/end", accounted.Machine(), "x");
        await Call(HttpMethod.Get, "/prices/tea", null);
        await Call(HttpMethod.Get, "/things/1?api_key=gh_k7f3abcd", null);

        foreach (var id in ids)
        {
            var line = await accounted.Gateway.AccessLog.WaitForAsync(r => (string?)r["requestId"] == id, Cancel);
            var intended = (string?)line["decidedBy"] is null && (string?)line["method"] is "PUT" or "POST" && (int)line["status"]! == 200;
            var record = (await accounted.OfAsync(id, intended ? 2 : 1))[^1];
            Assert.Equal(Said(line), Said(record));
        }
    }

    [Fact]
    [Control("LOG-1", "whom an answer is about")]
    public async Task Whom_an_answer_is_about_is_there_and_the_answer_goes_on_as_it_came()
    {
        const string Found = """{"orders":[{"customer":17,"goods":"tea"},{"customer":18}]}""";
        await using var accounted = await Accounted.StartAsync();
        accounted.Upstream.On("/found", 200, Found, ("Content-Type", "application/json"));
        accounted.Upstream.On("/orders/7", 200, """{"customer":"19"}""", ("Content-Type", "application/json"));
        using var request = Accounted.Request(HttpMethod.Get, "/found", accounted.Person());
        request.Headers.AcceptEncoding.ParseAdd("gzip");
        request.Headers.Range = new(0, 5);
        using var response = await accounted.Client.SendAsync(request, Cancel);
        Assert.Equal(Found, await response.Content.ReadAsStringAsync(Cancel));
        Assert.DoesNotContain(accounted.Upstream.Requests.Single().Headers.Keys, name => name is "Accept-Encoding" or "Range");
        var read = Assert.Single(await accounted.OfAsync(response.Headers.GetValues("X-Request-Id").Single()));
        var key = new InvestigationKey(Encoding.ASCII.GetBytes(Accounted.Secret));
        Assert.Equal([key.About("customer", "17"), key.About("customer", "18")], read.About);
        Assert.Empty(read.Details);

        var (_, id) = await accounted.CallAsync(HttpMethod.Patch, "/orders/7", accounted.Machine(), "more tea");
        var records = await accounted.OfAsync(id, 2);
        Assert.Equal([key.About("order", "7")], records[0].About);
        Assert.Equal([key.About("customer", "19")], records[1].About);

        accounted.Upstream.On("/found", 200, "tea for 17");
        (_, id) = await accounted.CallAsync(HttpMethod.Get, "/found", accounted.Person());
        Assert.Equal([new AuditDetail("about", "unread")], Assert.Single(await accounted.OfAsync(id)).Details);
        (_, id) = await accounted.CallAsync(HttpMethod.Get, "/found", null); // refused: there is no answer of the service's
        Assert.DoesNotContain(Assert.Single(await accounted.OfAsync(id)).Details, d => d.Name == "about");
    }

    [Fact]
    public async Task What_need_not_be_accounted_for_is_not_there()
    {
        await using var accounted = await Accounted.StartAsync();
        var (_, thing) = await accounted.CallAsync(HttpMethod.Get, "/things/1", null);
        var (_, missing) = await accounted.CallAsync(HttpMethod.Get, "/nothing/1", null);
        var (_, order) = await accounted.CallAsync(HttpMethod.Get, "/orders/17", accounted.Person());
        await accounted.OfAsync(order);
        Assert.DoesNotContain(accounted.Records(), r => Trails.IsOf(r, thing) || Trails.IsOf(r, missing));
    }

    [Fact]
    [Control("LOG-5", "refusals, each by its type")]
    public async Task Refusals_that_are_security_events_are_there_whatever_route_they_are_of()
    {
        await using var accounted = await Accounted.StartAsync(text => text.Replace(
            "effect: read, access: { anonymous: a test } }\n      talk", "effect: read, limits: [ { per: all, allow: 1, every: 1h } ], access: { anonymous: a test } }\n      talk",
            StringComparison.Ordinal));
        var port = accounted.Gateway.AddressOf("edge").Port;
        await accounted.CallAsync(HttpMethod.Get, "/things/1", null);
        await accounted.CallAsync(HttpMethod.Get, "/things/1", null);
        await accounted.CallAsync(HttpMethod.Get, "/orders/17", null);
        await accounted.CallAsync(HttpMethod.Get, "/orders/17", accounted.Machine("orders.read"));
        await accounted.CallAsync(HttpMethod.Get, "/things/1?api_key=gh_k7f3abcd", null);
        await using (var raw = await RawHttpClient.ConnectAsync(port))
            await raw.SendAsync("GET /things/1 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n");
        await using (var raw = await RawHttpClient.ConnectAsync(port)) await raw.SendAsync("NOT HTTP\r\n\r\n");

        foreach (var (problem, type) in new[]
            { ("limit-exceeded", "limit"), ("unauthenticated", "authentication"), ("forbidden", "authorisation"), ("malformed-request", "message") })
        {
            var refusal = (await accounted.WaitAsync(r => r.Problem == problem))[0];
            Assert.Equal(AuditDecision.Refused, refusal.Decision);
            Assert.Contains(new AuditDetail("event", type), refusal.Details);
            Assert.Equal(IPAddress.Loopback, refusal.Client);
        }

        await accounted.WaitAsync(r => r.Problem == "malformed-request" && r.Route is null, 2); // by intake and by the parser
    }

    [Fact]
    [Control("LOG-5", "changes of the declaration")]
    public async Task Declarations_that_come_into_force_are_there_and_those_that_do_not()
    {
        await using var accounted = await Accounted.StartAsync();
        var good = accounted.Declaration.Replace("Orders for tests", "Orders for other tests", StringComparison.Ordinal);
        Assert.Equal(ActivationOutcome.Activated, (await accounted.Gateway.ReloadAsync(good, Cancel)).Outcome);
        var wrong = good.Replace("effect: action", "effect: acton", StringComparison.Ordinal);
        Assert.Equal(ActivationOutcome.Refused, (await accounted.Gateway.ReloadAsync(wrong, Cancel)).Outcome);
        var elsewhere = good.Replace("trail.db", "other.db", StringComparison.Ordinal);
        Assert.Equal(ActivationOutcome.NeedsRestart, (await accounted.Gateway.ReloadAsync(elsewhere, Cancel)).Outcome);

        var records = await accounted.WaitAsync(r => r.Kind == AuditKind.Activation, 4);
        Assert.Equal(
            [AuditDecision.Allowed, AuditDecision.Allowed, AuditDecision.Refused, AuditDecision.Refused], records.Select(r => r.Decision));
        Assert.Equal([1L, 2, 0, 0], records.Select(r => r.Revision));
        Assert.Equal(accounted.Gateway.Running.Activation.Current.Definition.Fingerprint, records[1].Fingerprint);
        Assert.Contains(new AuditDetail("rule", "GH2006"), records[2].Details);
        await accounted.EndAsync();
        Assert.Equal((AuditKind.Start, AuditKind.Stop), (accounted.Records()[0].Kind, accounted.Records()[^1].Kind));
    }

    [Fact]
    [Control("LOG-5", "refused handshakes")]
    public async Task Everything_that_partners_do_is_there()
    {
        var key = Assertions.Vouching.NewKey();
        await using var front = await PartnerFront.StartAsync("audit: { store: trail.db, key: \"file:audit.pem\" }", ("audit.pem", key));
        var store = Path.Combine(front.Gateway.Folder, "trail.db");
        using var good = front.Root.Issue(new TestClient());
        Assert.Equal(200, await front.CallAsync(good));
        Assert.Equal(401, await front.CallAsync(good, from: "127.0.0.2"));
        Assert.Null(await front.CallAsync(front.Revoked));
        Assert.Equal(421, await front.CallAsync(good, host: "elsewhere.example"));

        var read = (await Trails.WaitAsync(store, r => r.Status == 200, 1, Cancel))[0];
        Assert.Equal((AuditKind.Exchange, "freight", "certificate"), (read.Kind, read.Consumer, read.CredentialKind));
        await Trails.WaitAsync(store, r => r.Problem == "misdirected" && r.Listener == "partners", 1, Cancel);
        var handshake = (await Trails.WaitAsync(store, r => r.Kind == AuditKind.Handshake, 1, Cancel))[0];
        Assert.Equal(("partners", AuditDecision.Refused), (handshake.Listener, handshake.Decision));
        Assert.Contains(handshake.Details, d => d.Name == "certificate-serial");
    }

    [Fact]
    public async Task Whom_it_was_about_is_found_by_who_has_the_key()
    {
        await using var accounted = await Accounted.StartAsync();
        var (_, id) = await accounted.CallAsync(HttpMethod.Get, "/orders/a%20b?buyer=anna%40x&buyer=b+c&page=2&other=z", accounted.Person());
        var record = Assert.Single(await accounted.OfAsync(id));
        var key = new InvestigationKey(Encoding.ASCII.GetBytes(Accounted.Secret));
        Assert.Equal(
            [
                key.About("customer", "customer-17"), key.About("order", "a b"), key.About("buyer", "anna@x"), key.About("buyer", "b+c"),
                key.About("buyer", "b c"),
            ],
            record.About);
        Assert.Equal(key.Person("id", "customer-17"), record.Person);
        Assert.Equal(key.Parameters("orders/get-order", "/orders/a%20b?buyer=anna%40x&buyer=b+c&page=2&other=z"), record.Parameters);
        Assert.Contains(new AuditDetail("query.page", "2"), record.Details);
        Assert.DoesNotContain(record.Details, d => d.Value is "z" or "a b");
    }

    /// <summary>What both have, in the words of the log.</summary>
    private static string Said(JsonObject line) => string.Join(' ', new object?[]
    {
        (string?)line["listener"], (string?)line["method"], (string?)line["route"], (string?)line["path"], (int)line["status"]!,
        (string?)line["problem"], (string?)line["reason"], (string?)line["decidedBy"], (string?)line["consumer"], (string?)line["credentialKind"],
        (string?)line["credentialId"], (string?)line["destination"], (long)line["revision"]!,
    });

    private static string Said(AuditRecord record) => string.Join(' ', new object?[]
    {
        record.Listener, record.Method, record.Route, record.Path, record.Status, record.Problem, record.Reason, record.DecidedBy, record.Consumer,
        record.CredentialKind, record.CredentialId, record.Destination, record.Revision,
    });
}

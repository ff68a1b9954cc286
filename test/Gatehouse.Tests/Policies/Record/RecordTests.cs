using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Record;
using Gatehouse.Routes;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;
using Gatehouse.Tokens;

namespace Gatehouse.Tests.Policies.Record;

public sealed class RecordTests
{
    private const string Canary = "c4n4ry";
    private readonly PolicyHarness _harness = new();

    [Fact]
    [Control("LOG-1", "the fields that there are today")]
    public void One_line_says_what_was_decided_about_an_exchange_and_how_it_went()
    {
        var exchange = _harness.Exchange(route: _harness.Route());
        exchange.TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
        exchange.Status = 200;
        var consumer = new Consumer
        {
            Id = new("web-shop"),
            Kind = ConsumerKind.Application,
            Owner = "o",
            Grants = new HashSet<Scope>(),
            Authenticate = [],
        };
        exchange.Caller = PolicyHarness.Caller(consumer, "k7f3");
        exchange.RequestBytes = 12;
        exchange.ResponseBytes = 345;
        var began = _harness.Clock.GetTimestamp();
        _harness.Clock.Advance(TimeSpan.FromMilliseconds(2));
        exchange.Forward.Destination = "http://10.0.3.1:5101";
        exchange.Forward.BeganAt = began + TimeSpan.TicksPerMillisecond;
        exchange.Forward.HeadAt = _harness.Clock.GetTimestamp();
        exchange.Forward.EndedAt = _harness.Clock.GetTimestamp();
        Finish(exchange);
        Assert.Equal(
            """
            {"time":"2026-11-23T12:00:00.002Z","requestId":"01TESTREQUEST","traceId":"4bf92f3577b34da6a3ce929d0e0e4736",
            "listener":"edge","protocol":"HTTP/1.1",
            "method":"GET","route":"orders/get-order","exposure":"public","path":"/orders/{id}",
            "status":200,"consumer":"web-shop","credentialKind":"apiKey","credentialId":"k7f3",
            "client":"127.0.0.1","bytesIn":12,"bytesOut":345,"ms":2.000,
            "destination":"http://10.0.3.1:5101","upstreamHeadMs":1.000,"upstreamMs":1.000,"revision":1}
            """.Replace("\n", "", StringComparison.Ordinal),
            Assert.Single(_harness.AccessLog.Lines));
    }

    [Fact]
    [Control("SEC-2", "the access log")]
    public void A_call_for_a_person_says_which_people_and_never_whom()
    {
        var exchange = _harness.Exchange(route: _harness.Route());
        exchange.Caller = new Caller
        {
            Consumer = new Consumer
            {
                Id = new("web-shop"),
                Kind = ConsumerKind.Application,
                Owner = "o",
                Grants = new HashSet<Scope>(),
                Authenticate = [],
            },
            CredentialKind = "token+certificate",
            CredentialId = "tokenid+spki",
            Scopes = new HashSet<Scope>(),
            Person = new Person("customers", Canary),
            People = ["customers", "care"],
            Actors = [Canary],
            Claims = TestClaims.Of(KeyValuePair.Create<string, IReadOnlyList<string>>("roles", [Canary])),
        };
        exchange.PresentedToken = Canary;
        var record = Finish(exchange);
        Assert.Equal(("token+certificate", "tokenid+spki", "customers,care"),
            ((string?)record["credentialKind"], (string?)record["credentialId"], (string?)record["people"]));
        Assert.DoesNotContain(Canary, record.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain(exchange.Caller.Person.Key, record.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    [Control("LOG-1", "the fields that there are today")]
    public void A_refusal_says_who_decided_and_why()
    {
        var exchange = _harness.Exchange();
        exchange.Status = 403;
        exchange.Problem = Problems.Forbidden;
        exchange.Reason = "not a consumer of this route";
        exchange.DecidedBy = "access";
        exchange.Failure = new InvalidOperationException(Canary);
        var record = Finish(exchange);
        Assert.Equal(("forbidden", "not a consumer of this route", "access", "InvalidOperationException"),
            ((string?)record["problem"], (string?)record["reason"], (string?)record["decidedBy"], (string?)record["failure"]));
        Assert.Null(record["route"]);
        Assert.DoesNotContain(Canary, record.ToJsonString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/", "/")]
    [InlineData("/a", "/*")]
    [InlineData("/a/", "/*/*")]
    [InlineData("/customers/17/secret", "/*/*/*")]
    [InlineData("/1/2/3/4/5/6/7/8", "/*/*/*/*/*/*/*/*")]
    [InlineData("/1/2/3/4/5/6/7/8/9/10", "/*/*/*/*/*/*/*/*/**")]
    [InlineData("*", "/")]
    [Control("LOG-2", "the access log")]
    public void A_path_without_a_route_is_only_a_shape(string path, string shape) =>
        Assert.Equal(shape, (string?)Finish(_harness.Exchange(target: path))["path"]);

    [Theory]
    [InlineData("GET", "GET")]
    [InlineData("M-SEARCH", "M-SEARCH")]
    [InlineData("SECRETSECRETSECRETSECRET", "*")]
    [InlineData("k3y!", "*")]
    [Control("LOG-4")]
    public void A_method_is_written_only_when_it_looks_like_one(string method, string written) =>
        Assert.Equal(written, (string?)Finish(_harness.Exchange(method))["method"]);

    [Fact]
    [Control("LOG-2", "the access log")]
    public void Nothing_of_the_request_but_its_method_and_address_is_in_the_line()
    {
        var exchange = _harness.Exchange(
            "GET",
            $"/{Canary}?key={Canary}",
            headers: [("Authorization", Canary), ("X-Api-Key", Canary), ("Cookie", Canary), (Canary, "1")]);
        exchange.Host = Canary;
        Assert.DoesNotContain(Canary, Finish(exchange).ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    [Control("LOG-10")]
    public void Exchanges_refusals_and_limits_are_counted_by_labels_that_no_client_can_choose()
    {
        var measured = new List<(string Instrument, string Labels, double Value)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (_harness.Meter.Owns(instrument)) l.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((i, value, labels, _) => measured.Add((i.Name, Labels(labels), value)));
        listener.SetMeasurementEventCallback<double>((i, value, labels, _) => measured.Add((i.Name, Labels(labels), value)));
        listener.Start();

        var policy = new RecordKind().Compile(PolicyHarness.Listener(), _harness.Context);
        var route = _harness.Route();
        for (var i = 0; i < 3; i++) policy.OnFinished(With(_harness.Exchange(target: $"/orders/{Canary}{i}", route: route), 200));
        var limited = With(_harness.Exchange(route: route), 429);
        (limited.Problem, limited.DecidedBy) = (Problems.LimitExceeded, "limits");
        policy.OnFinished(limited);
        policy.OnFinished(With(_harness.Exchange(target: $"/{Canary}"), 404));
        policy.OnFinished(With(_harness.Exchange(), 0));
        listener.RecordObservableInstruments();

        Assert.Contains(("gatehouse.exchanges", "listener=edge route=orders/get-order status=2xx", 3), measured);
        Assert.Contains(("gatehouse.exchanges", "listener=edge route=orders/get-order status=4xx", 1), measured);
        Assert.Contains(("gatehouse.exchanges", "listener=edge route=none status=4xx", 1), measured);
        Assert.Contains(("gatehouse.exchanges", "listener=edge route=none status=none", 1), measured);
        Assert.Contains(("gatehouse.refusals", "problem=limit-exceeded policy=limits", 1), measured);
        Assert.Contains(("gatehouse.limits.refused", "listener=edge route=orders/get-order", 1), measured);
        Assert.Equal(6, measured.Count(m => m.Instrument == "gatehouse.exchange.duration"));
        Assert.DoesNotContain(measured, m => m.Labels.Contains(Canary, StringComparison.Ordinal));
    }

    [Fact]
    public void A_line_and_its_counts_allocate_nothing()
    {
        var context = new CompileContext
        {
            Clock = TimeProvider.System,
            State = _harness.State,
            Consumers = new ConsumerDirectory([]),
            Routes = new Dictionary<RouteId, Route>(),
            Pepper = null,
            Tokens = new TokenVerifier(),
            Authorisers = _harness.Authorisers,
            TokenExchanges = _harness.TokenExchanges,
            AccessLog = new CountingLines(),
            Meter = _harness.Meter,
        };
        var policy = new RecordKind().Compile(PolicyHarness.Listener(), context);
        var exchange = With(_harness.Exchange(route: _harness.Route()), 200);
        policy.OnFinished(exchange);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) policy.OnFinished(exchange);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(101, ((CountingLines)context.AccessLog).Count);
    }

    private static Exchange With(Exchange exchange, int status)
    {
        exchange.Status = status;
        return exchange;
    }

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> labels)
    {
        var text = new List<string>();
        foreach (var (name, value) in labels) text.Add($"{name}={value}");
        return string.Join(' ', text);
    }

    private JsonObject Finish(Exchange exchange)
    {
        new RecordKind().Compile(PolicyHarness.Listener(), _harness.Context).OnFinished(exchange);
        return JsonNode.Parse(Assert.Single(_harness.AccessLog.Lines))!.AsObject();
    }

    private sealed class CountingLines : LineSink
    {
        public int Count { get; private set; }

        public override long Dropped => 0;

        public override void Write(ReadOnlySpan<byte> line) => Count++;
    }
}

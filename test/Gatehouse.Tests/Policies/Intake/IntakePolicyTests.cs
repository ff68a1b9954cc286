using System.Net;
using CsCheck;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Intake;
using Gatehouse.Routes;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http.Features;

namespace Gatehouse.Tests.Policies.Intake;

public sealed class IntakePolicyTests
{
    private readonly PolicyHarness _harness = new();

    [Theory]
    [InlineData("/orders/17", "/orders/17", "")]
    [InlineData("/%6frders?a=%2F%252F&b[]=1|2;c", "/orders", "?a=%2F%252F&b[]=1|2;c")]
    [InlineData("/?", "/", "?")]
    [InlineData("http://localhost/a?b", "/a", "?b")]
    [InlineData("HTTP://LOCALHOST:80/a", "/a", "")]
    [InlineData("http://localhost?b", "/", "?b")]
    [Control("NRM-1")]
    public void Takes_a_target_that_can_be_read_in_one_way(string target, string path, string query)
    {
        var exchange = Take(out var problem, target);
        Assert.Null(problem);
        Assert.Equal((path, query, "localhost"), (exchange.Path, exchange.Query, exchange.Host));
    }

    [Theory]
    [InlineData("*")]
    [InlineData("localhost:443")]
    [InlineData("orders")]
    [InlineData("")]
    [InlineData("/a#b")]
    [InlineData("/a?b#c")]
    [InlineData("/a?b\\c")]
    [InlineData("/a?b c")]
    [InlineData("/a?b\tc")]
    [InlineData("/a?b\"c")]
    [InlineData("/a?caf\u00e9")]
    [InlineData("/a?b=%00")]
    [InlineData("/a?b=%0d%0a")]
    [InlineData("/a?b=%1B")]
    [InlineData("/a?b=%zz")]
    [InlineData("/a?b=%")]
    [InlineData("/a?b=%c0%ae")]
    [InlineData("/a/../b")]
    [InlineData("http://other/a")]
    [InlineData("http://localhost:81/a")]
    [InlineData("https://localhost/a")]
    [InlineData("http://user@localhost/a")]
    [InlineData("http:///a")]
    [InlineData("ftp://localhost/a")]
    [Control("NRM-4")]
    [Control("NRM-8")]
    [Control("SMG-7")]
    public void Refuses_a_target_that_is_ambiguous(string target)
    {
        Take(out var problem, target);
        Assert.Same(Problems.MalformedRequest, problem);
    }

    [Theory]
    [InlineData("localhost", null)]
    [InlineData("LocalHost:8080", null)]
    [InlineData("127.0.0.1", null)]
    [InlineData("[::1]:99", null)]
    [InlineData("example.test", "misdirected")]
    [InlineData("10.0.0.1", "misdirected")]
    [InlineData("localhost.", "misdirected")]
    [InlineData("", "malformed-request")]
    [InlineData(" localhost", "malformed-request")]
    [InlineData("local host", "malformed-request")]
    [InlineData("user@localhost", "malformed-request")]
    [InlineData("localhost/a", "malformed-request")]
    [InlineData("localhost, example.test", "malformed-request")]
    [InlineData("localhost:", "malformed-request")]
    [InlineData("localhost:65536", "malformed-request")]
    [InlineData("localhost:+80", "malformed-request")]
    [InlineData("[::1", "malformed-request")]
    [InlineData("[127.0.0.1]", "malformed-request")]
    [InlineData("[]", "malformed-request")]
    [InlineData("::1", "malformed-request")]
    [InlineData(":80", "malformed-request")]
    [InlineData("loc%61lhost", "malformed-request")]
    [Control("SMG-7")]
    [Control("EXP-8")]
    public void Without_declared_hosts_serves_only_its_own_address(string host, string? problem)
    {
        Take(out var found, headers: ("Host", host));
        Assert.Equal(problem, found?.Name);
    }

    [Theory]
    [InlineData("api.example.test", null)]
    [InlineData("API.Example.TEST:8443", null)]
    [InlineData("other.example.test", "misdirected")]
    [InlineData("xapi.example.test", "misdirected")]
    [InlineData("localhost", "misdirected")]
    [InlineData("127.0.0.1", "misdirected")]
    [Control("EXP-8")]
    public void Serves_only_declared_hosts(string host, string? problem)
    {
        var exchange = Take(out var found, listener: PolicyHarness.Listener(hosts: ["api.example.test"]), headers: ("Host", host));
        Assert.Equal(problem, found?.Name);
        Assert.Equal(problem is null ? "api.example.test" : "localhost", exchange.Host);
    }

    [Fact]
    [Control("SMG-7")]
    public void Refuses_two_hosts()
    {
        Take(out var problem, headers: [("Host", "localhost"), ("Host", "localhost")]);
        Assert.Same(Problems.MalformedRequest, problem);
    }

    [Theory]
    [InlineData("api.example.test", null)]
    [InlineData("API.example.test", null)]
    [InlineData(null, null)]
    [InlineData("other.example.test", "misdirected")]
    [Control("EXP-8")]
    public void Refuses_a_host_that_is_not_the_one_of_the_handshake(string? serverName, string? problem)
    {
        var exchange = Exchange("/", PolicyHarness.Listener(hosts: ["api.example.test", "other.example.test"]), ("Host", "api.example.test"));
        exchange.ServerName = serverName;
        Assert.Equal(problem, Decide(exchange)?.Name);
    }

    [Theory]
    [InlineData(50, null)]
    [InlineData(51, "target-too-long")]
    [Control("LIM-1", "the target, the number of fields and their total")]
    public void Limits_the_target(int length, string? problem)
    {
        Take(out var found, "/" + new string('a', length - 1), PolicyHarness.Listener(intake: new IntakeLimits { Target = 50 }));
        Assert.Equal(problem, found?.Name);
    }

    [Theory]
    [InlineData(4, 1000, null)]
    [InlineData(3, 1000, "headers-too-large")]
    [InlineData(4, 42, null)]
    [InlineData(4, 41, "headers-too-large")]
    [Control("LIM-1", "the target, the number of fields and their total")]
    public void Limits_the_header_fields(int count, int bytes, string? problem)
    {
        // each field is its name, its value and 4: Host 17, A twice 6, B 13
        var listener = PolicyHarness.Listener(intake: new IntakeLimits { HeaderCount = count, Headers = bytes });
        Take(out var found, "/", listener, ("A", "1"), ("A", "2"), ("B", "12345678"));
        Assert.Equal(problem, found?.Name);
    }

    [Theory]
    [InlineData("X_User_Id", "1", "malformed-request")]
    [InlineData("X.User", "1", "malformed-request")]
    [InlineData("X-User-Ids", "1", null)]
    [InlineData("A", "b\tc", null)]
    [InlineData("A", "b\u0001c", "malformed-request")]
    [InlineData("A", "b\u001bc", "malformed-request")]
    [InlineData("A", "b\u007fc", "malformed-request")]
    [InlineData("A", "b\u0085c", "malformed-request")]
    [InlineData("A", "b\r\nc", "malformed-request")]
    [InlineData("A", "caf\u00e9", null)]
    [InlineData("Transfer-Encoding", "chunked", null)]
    [InlineData("Transfer-Encoding", "Chunked", null)]
    [InlineData("Transfer-Encoding", "identity, chunked", "malformed-request")]
    [InlineData("Transfer-Encoding", "gzip", "malformed-request")]
    [InlineData("X-Content-Length", "5", "malformed-request")]
    [Control("NRM-6")]
    [Control("SMG-1", "a length under another name")]
    [Control("SMG-3")]
    public void Refuses_header_fields_that_are_ambiguous(string name, string value, string? problem)
    {
        Take(out var found, headers: (name, value));
        Assert.Equal(problem, found?.Name);
    }

    [Fact]
    [Control("SMG-1")]
    public void Refuses_two_lengths()
    {
        Take(out var problem, headers: [("Transfer-Encoding", "chunked"), ("Content-Length", "5")]);
        Assert.Same(Problems.MalformedRequest, problem);
    }

    [Theory]
    [InlineData("X-Original-URL")]
    [InlineData("x-rewrite-url")]
    [InlineData("X-Forwarded-Host")]
    [InlineData("X-Forwarded-Prefix")]
    [InlineData("X-Forwarded-Port")]
    [InlineData("X-HTTP-Method")]
    [InlineData("X-HTTP-Method-Override")]
    [InlineData("X-Method-Override")]
    [InlineData("X-Real-IP")]
    [InlineData("X-User-Id")]
    [InlineData("Client-Cert")]
    [InlineData("Client-Cert-Chain")]
    [InlineData("X-Client-Cert")]
    [InlineData("X-SSL-Client-S-DN")]
    [InlineData("Gatehouse-Caller")]
    [InlineData("Proxy-Authorization")]
    [InlineData("Via")]
    [Control("NRM-7")]
    [Control("MTL-7")]
    [Control("IDP-2", "by name")]
    public void Strips_what_a_client_may_not_say(string name)
    {
        var exchange = Take(out var problem, headers: [(name, "1"), ("Accept", "*/*")]);
        Assert.Null(problem);
        Assert.False(exchange.RequestHeaders.ContainsKey(name));
        Assert.Equal("*/*", exchange.RequestHeaders.Accept);
    }

    [Theory]
    [InlineData("X-Forwarded-For")]
    [InlineData("Forwarded")]
    public void Leaves_the_client_s_address_to_the_policy_that_reads_it(string name) =>
        Assert.True(Take(out _, headers: (name, "192.0.2.1")).RequestHeaders.ContainsKey(name));

    [Fact]
    [Control("SMG-8")]
    public void Removes_the_fields_that_Connection_nominates()
    {
        var exchange = Take(out var problem, headers: [("Connection", "close, X-Auth ,, X-Hop"), ("X-Auth", "1"), ("X-Hop", "1"), ("X-Stays", "1")]);
        Assert.Null(problem);
        Assert.Equal((false, false, true), (exchange.RequestHeaders.ContainsKey("X-Auth"), exchange.RequestHeaders.ContainsKey("X-Hop"),
            exchange.RequestHeaders.ContainsKey("X-Stays")));
    }

    [Theory]
    [InlineData("Authorization")]
    [InlineData("x-api-key")]
    [InlineData("Host")]
    [InlineData("Content-Length")]
    [InlineData("Transfer-Encoding")]
    [InlineData("Cookie")]
    [InlineData("X-Forwarded-For")]
    [InlineData("close, traceparent")]
    [InlineData("a b")]
    [Control("SMG-8")]
    public void Refuses_a_Connection_that_nominates_what_decides(string nominated)
    {
        Take(out var problem, headers: ("Connection", nominated));
        Assert.Same(Problems.MalformedRequest, problem);
    }

    [Fact]
    public void Calls_a_WebSocket_over_HTTP_2_a_GET()
    {
        var exchange = Exchange("/", null);
        exchange.Http.Request.Method = exchange.Method = "CONNECT";
        exchange.Http.Features.Set<IHttpExtendedConnectFeature>(new ExtendedConnect("websocket"));
        Assert.Null(Decide(exchange));
        Assert.Equal("GET", exchange.Method);
    }

    [Fact]
    [Control("DEV-2")]
    public void Never_throws() => Gen.Select(Gen.String, Gen.String, Gen.String).Sample((target, host, value) =>
        Decide(Exchange("/" + target, null, ("Host", host), ("A", value), ("Connection", value))) is null or { Status: 400 or 414 or 421 or 431 });

    private Exchange Take(out Problem? problem, string target = "/", Listener? listener = null, params (string Name, string Value)[] headers)
    {
        var exchange = Exchange(target, listener, headers);
        problem = Decide(exchange);
        return exchange;
    }

    private Exchange Exchange(string target, Listener? listener, params (string Name, string Value)[] headers) =>
        _harness.Exchange("GET", target, "127.0.0.1", listener, null, headers);

    private Problem? Decide(Exchange exchange) =>
        PolicyHarness.Decide(new IntakeKind().Compile(exchange.Listener, _harness.Context), exchange).Problem;


    private sealed record ExtendedConnect(string Protocol) : IHttpExtendedConnectFeature
    {
        public bool IsExtendedConnect => true;

        public ValueTask<Stream> AcceptAsync() => throw new NotSupportedException();
    }
}

using System.Net;
using CsCheck;
using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Addresses;
using Gatehouse.Routes;
using Gatehouse.TestKit;
using Gatehouse.Tests.Runtime;

namespace Gatehouse.Tests.Policies.Addresses;

public sealed class AddressesPolicyTests
{
    private readonly PolicyHarness _harness = new();

    [Theory]
    [InlineData("X-Forwarded-For", "10.0.0.1")]
    [InlineData("X-Forwarded-For", "127.0.0.1, 10.0.0.1")]
    [InlineData("Forwarded", "for=10.0.0.1")]
    [Control("IPX-1")]
    public void Believes_no_stranger_about_its_address(string name, string value)
    {
        var proxies = new TrustedProxies(Networks("10.0.0.0/8"), 3);
        foreach (var listener in new[] { PolicyHarness.Listener(), PolicyHarness.Listener(proxies: proxies) })
        {
            var exchange = Exchange(listener, "203.0.113.7", (name, value));
            Assert.Null(Decide(exchange));
            Assert.Equal(IPAddress.Parse("203.0.113.7"), exchange.Client.Value);
            Assert.False(exchange.RequestHeaders.ContainsKey(name));
        }
    }

    [Theory]
    [InlineData(1, "192.0.2.1", "192.0.2.1")]
    [InlineData(1, "1.1.1.1, 192.0.2.1", "192.0.2.1")]
    [InlineData(1, "192.0.2.1, 10.0.0.2", "10.0.0.2")]
    [InlineData(2, "192.0.2.1, 10.0.0.2", "192.0.2.1")]
    [InlineData(9, "1.1.1.1, 192.0.2.1, 10.0.0.2", "192.0.2.1")]
    [InlineData(9, "10.0.0.9,10.0.0.2", "10.0.0.9")]
    [InlineData(9, "192.0.2.1,unknown", "10.0.0.1")]
    [InlineData(9, "192.0.2.1,, 10.0.0.2", "10.0.0.2")]
    [InlineData(9, "0177.0.0.1, 10.0.0.2", "10.0.0.2")]
    [InlineData(9, "127.1", "10.0.0.1")]
    [InlineData(9, "0x7f000001", "10.0.0.1")]
    [InlineData(9, "192.0.2.1:4711", "192.0.2.1")]
    [InlineData(9, "192.0.2.1:port", "10.0.0.1")]
    [InlineData(9, "2001:db8::7", "2001:db8::7")]
    [InlineData(9, "[2001:DB8::7]:4711", "2001:db8::7")]
    [InlineData(9, "[192.0.2.1]", "10.0.0.1")]
    [InlineData(9, "192.0.2.1, ::ffff:10.0.0.2", "192.0.2.1")]
    [InlineData(9, "", "10.0.0.1")]
    [Control("IPX-2")]
    [Control("IPX-3")]
    [Control("IPX-4")]
    public void Walks_the_hops_of_trusted_proxies(int hops, string chain, string client) => AssertClient(hops, "X-Forwarded-For", chain, client);

    [Theory]
    [InlineData(9, "for=192.0.2.1", "192.0.2.1")]
    [InlineData(9, "For=\"192.0.2.1:4711\";proto=https;by=10.0.0.1", "192.0.2.1")]
    [InlineData(9, "for=192.0.2.1, for=\"[2001:db8::7]:_x\"", "2001:db8::7")]
    [InlineData(9, "for=192.0.2.1;for=192.0.2.2", "10.0.0.1")]
    [InlineData(9, "for=_hidden", "10.0.0.1")]
    [InlineData(9, "for=unknown", "10.0.0.1")]
    [InlineData(9, "by=192.0.2.1", "10.0.0.1")]
    [InlineData(9, "for=203.0.113.9;host=\"x,for=10.0.0.5;y=\"", "203.0.113.9")] // the comma and what follows are the host's
    [InlineData(9, "for=203.0.113.9;host=\"x\\\",for=10.0.0.5;y=\"", "203.0.113.9")]
    [InlineData(9, "host=\"a;for=10.0.0.5\";for=203.0.113.9", "203.0.113.9")]
    [InlineData(9, "for=192.0.2.1;host=\"\" , for=\"10.0.0.2\"\t", "192.0.2.1")]
    [InlineData(9, "for=2001:db8::7", "10.0.0.1")]
    [InlineData(2, "for=192.0.2.1, for=10.0.0.2", "192.0.2.1")]
    [Control("IPX-2")]
    public void Walks_the_standard_field_too(int hops, string chain, string client) => AssertClient(hops, "Forwarded", chain, client);

    [Theory]
    [InlineData("192.0.2.1", "for=192.0.2.1", null)]
    [InlineData("192.0.2.1", "for=10.0.0.1", "malformed-request")]
    [InlineData("192.0.2.1", "for=unknown", "malformed-request")]
    [Control("IPX-2")]
    public void Refuses_two_fields_that_name_different_clients(string listed, string forwarded, string? problem)
    {
        var listener = PolicyHarness.Listener(proxies: new TrustedProxies(Networks("10.0.0.0/8"), 1));
        Assert.Equal(problem, Decide(Exchange(listener, "10.0.0.1", ("X-Forwarded-For", listed), ("Forwarded", forwarded)))?.Name);
    }

    [Theory]
    [InlineData("for=\"192.0.2.1")]
    [InlineData("for=192.0.2.1;x=\", for=203.0.113.9")] // what a client leaves open hides the entry that its proxy adds
    [InlineData("for=10.0.0.5;x=\", for=\"203.0.113.9:4711\"")]
    [InlineData("for=10.0.0.5;x=\"a\"b, for=203.0.113.9")]
    [InlineData("for=10.0.0.5;\"x\", for=203.0.113.9")]
    [InlineData("for=10.0.0.5;x=\"\\\", for=203.0.113.9")]
    [Control("IPX-2")]
    public void Refuses_a_field_whose_quotes_may_hide_an_entry(string forwarded)
    {
        var listener = PolicyHarness.Listener(proxies: new TrustedProxies(Networks("10.0.0.0/8"), 9));
        Assert.Equal("malformed-request", Decide(Exchange(listener, "10.0.0.1", ("Forwarded", forwarded)))?.Name);
        Assert.Null(Decide(Exchange(listener, "203.0.113.7", ("Forwarded", forwarded)))); // nobody asks a stranger
    }

    [Fact]
    public void Walks_lines_like_one_list()
    {
        var exchange = Exchange(PolicyHarness.Listener(proxies: new TrustedProxies(Networks("10.0.0.0/8"), 9)), "10.0.0.1",
            ("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-For", "192.0.2.1, 10.0.0.3"), ("X-Forwarded-For", "10.0.0.2"));
        Decide(exchange);
        Assert.Equal("192.0.2.1", exchange.Client.ToString());
    }

    [Theory]
    [InlineData("10.1.2.3", nameof(Exposure.Public), null)]
    [InlineData("::ffff:10.1.2.3", nameof(Exposure.Public), null)]
    [InlineData("10.9.0.1", nameof(Exposure.Public), "not-found")]
    [InlineData("192.0.2.1", nameof(Exposure.Internal), "not-found")]
    [InlineData("192.0.2.1", nameof(Exposure.Partner), "forbidden")]
    [Control("IPX-3")]
    [Control("IPX-5")]
    public void A_listener_takes_only_the_clients_it_allows(string peer, string serves, string? problem)
    {
        var listener = PolicyHarness.Listener(allow: Networks("10.0.0.0/8"), deny: Denied("10.9.0.0/16"), serves: Enum.Parse<Exposure>(serves));
        Assert.Equal(problem, Decide(Exchange(listener, peer))?.Name);
    }

    [Fact]
    [Control("IPX-6")]
    public void A_network_is_denied_until_its_day()
    {
        var until = _harness.Clock.GetUtcNow().AddDays(1);
        var policy = new ListenerAddressesKind();
        var listener = PolicyHarness.Listener(deny: Denied("192.0.2.0/24", until));
        var compiled = policy.Compile(listener, _harness.Context);
        Assert.Same(Problems.NotFound, PolicyHarness.Decide(compiled, Exchange(listener, "192.0.2.9")).Problem);
        Assert.Same(Problems.NotFound, PolicyHarness.Decide(compiled, Exchange(listener, "::ffff:192.0.2.9")).Problem);
        Assert.Null(PolicyHarness.Decide(compiled, Exchange(listener, "192.0.3.9")).Problem);
        _harness.Clock.SetUtcNow(until);
        Assert.Null(PolicyHarness.Decide(compiled, Exchange(listener, "192.0.2.9")).Problem);
    }

    [Theory]
    [InlineData("addresses: { deny: [ { network: 127.0.0.1, until: 2026-11-24, reason: Scans } ] }", "not-found")]
    [InlineData("addresses: { deny: [ { network: 127.0.0.1, until: 2026-11-23T12:00:00Z, reason: Scans } ] }", null)]
    [InlineData("addresses: { deny: [ { network: 127.0.0.1, reason: Scans } ] }", "not-found")]
    [Control("IPX-6")]
    public void A_route_denies_until_the_day_that_it_says(string fragment, string? problem)
    {
        var route = _harness.Route(new RouteAddressesKind(), fragment);
        Assert.Empty(_harness.Findings.InOrder());
        var policy = new RouteAddressesKind().Compile(route, _harness.Context)!;
        Assert.Equal(problem, PolicyHarness.Decide(policy, _harness.Exchange(route: route)).Problem?.Name);
    }

    [Fact]
    public void A_preamble_is_the_first_hop_and_header_fields_are_the_others()
    {
        var proxies = new TrustedProxies(Networks("10.0.0.0/8"), 2);
        Assert.Equal("203.0.113.7", ClientOf(proxies, IPAddress.Parse("203.0.113.7"), "192.0.2.1")); // the client's own word
        Assert.Equal("192.0.2.1", ClientOf(proxies, IPAddress.Parse("10.0.0.7"), "192.0.2.1")); // a proxy behind the first one
        Assert.Equal("10.0.0.7", ClientOf(proxies with { Hops = 1 }, IPAddress.Parse("10.0.0.7"), "192.0.2.1"));
    }

    [Fact]
    public void A_listener_judges_the_client_and_not_the_proxy()
    {
        var listener = PolicyHarness.Listener(allow: Networks("192.0.2.0/24"), proxies: new TrustedProxies(Networks("10.0.0.0/8"), 1));
        Assert.Null(Decide(Exchange(listener, "10.0.0.1", ("X-Forwarded-For", "192.0.2.1"))));
        Assert.NotNull(Decide(Exchange(listener, "10.0.0.1", ("X-Forwarded-For", "198.51.100.1"))));
        Assert.NotNull(Decide(Exchange(listener, "10.0.0.1")));
    }

    [Fact]
    public void A_listener_refuses_peers_outside_its_networks() =>
        Assert.Same(Problems.NotFound, Decide(Exchange(PolicyHarness.Listener(networks: Networks("10.0.0.0/8")), "192.0.2.1")));

    [Theory]
    [InlineData("addresses: { allow: [127.0.0.0/8] }", nameof(Exposure.Partner), null)]
    [InlineData("addresses: { allow: [127.0.0.2] }", nameof(Exposure.Partner), "forbidden")]
    [InlineData("addresses: { allow: [127.0.0.2] }", nameof(Exposure.Internal), "not-found")]
    [InlineData("addresses: { allow: [127.0.0.2] }", nameof(Exposure.Administrative), "not-found")]
    [InlineData("addresses: { allow: [127.0.0.2] }", nameof(Exposure.Public), "not-found")]
    [InlineData("addresses: { allow: [127.0.0.0/8], deny: [127.0.0.1] }", nameof(Exposure.Partner), "forbidden")]
    [InlineData("addresses: { deny: [127.0.0.2] }", nameof(Exposure.Partner), null)]
    [Control("IPX-5")]
    public void A_route_takes_only_the_clients_it_allows(string fragment, string exposure, string? problem)
    {
        var route = _harness.Route(new RouteAddressesKind(), fragment, exposure: Enum.Parse<Exposure>(exposure));
        Assert.Empty(_harness.Findings.InOrder());
        var policy = new RouteAddressesKind().Compile(route, _harness.Context)!;
        Assert.Equal(problem, PolicyHarness.Decide(policy, _harness.Exchange(route: route)).Problem?.Name);
    }

    [Fact]
    public void A_route_takes_back_nothing_that_its_api_denies()
    {
        var loaded = SmallLoad.With(_harness.Clock, "    routes:\n      get-stock:",
            """
                addresses: { deny: [192.0.2.7] }
                each: { addresses: { allow: [203.0.113.0/24], deny: [198.51.100.7] } }
                routes:
                  get-stock:
                    addresses: { allow: [192.0.2.0/24, 198.51.100.0/24] }
            """);
        var rules = (AddressRules)Assert.Single(loaded.Definition!.Routes).Specs[RouteAddressesKind.KindName];
        Assert.True(rules.Admit(IPAddress.Parse("192.0.2.8"), _harness.Clock));
        Assert.False(rules.Admit(IPAddress.Parse("192.0.2.7"), _harness.Clock));
        Assert.False(rules.Admit(IPAddress.Parse("198.51.100.7"), _harness.Clock));
        Assert.False(rules.Admit(IPAddress.Parse("203.0.113.7"), _harness.Clock));
    }

    [Fact]
    public void A_route_without_addresses_has_no_policy() => Assert.Null(_harness.Compile(new RouteAddressesKind(), "{}"));

    [Theory]
    [InlineData("addresses: {}", "GH2005")]
    [InlineData("addresses: { allow: [] }", "GH2006")]
    [InlineData("addresses: { allow: [0177.0.0.1] }", "GH2006")]
    [InlineData("addresses: { allow: [10.0.0.1/8] }", "GH2006")]
    [InlineData("addresses: { permit: [10.0.0.0/8], allow: [10.0.0.0/8] }", "GH2004")]
    [Control("IPX-4")]
    public void Complains_about_addresses_that_say_nothing_or_two_things(string fragment, string rule)
    {
        _harness.Route(new RouteAddressesKind(), fragment);
        Assert.Equal(rule, Assert.Single(_harness.Findings.InOrder()).Rule.Id);
    }

    [Fact]
    public void Never_throws() => Gen.Select(Gen.String[Gen.Char["0129.,:;=[]\"for _%\t"], 0, 40], Gen.String).Sample((chain, other) =>
    {
        var listener = PolicyHarness.Listener(proxies: new TrustedProxies(Networks("10.0.0.0/8"), 9));
        return Decide(Exchange(listener, "10.0.0.1", ("X-Forwarded-For", chain))) is null
            && Decide(Exchange(listener, "10.0.0.1", ("Forwarded", other))) is null or { Name: "malformed-request" };
    });

    private string ClientOf(TrustedProxies proxies, IPAddress preamble, string header)
    {
        var listener = PolicyHarness.Listener(proxies: proxies, proxyProtocol: true);
        var exchange = _harness.Exchange("GET", "/", "10.0.0.1", listener, null, [("X-Forwarded-For", header)], preamble);
        Assert.Null(Decide(exchange));
        return exchange.Client.ToString();
    }

    private static DenyList Denied(string text, DateTimeOffset? until = null) =>
        new([new DenyEntry(IPNetwork.Parse(text), until, null, new Place("test.yaml", 1, 1))]);

    private static Networks Networks(string text) => new([IPNetwork.Parse(text)]);

    private void AssertClient(int hops, string name, string chain, string client)
    {
        var exchange = Exchange(PolicyHarness.Listener(proxies: new TrustedProxies(Networks("10.0.0.0/8"), hops)), "10.0.0.1", (name, chain));
        Assert.Null(Decide(exchange));
        Assert.Equal(client, exchange.Client.ToString());
    }

    private Exchange Exchange(Listener listener, string peer, params (string Name, string Value)[] headers) =>
        _harness.Exchange("GET", "/", peer, listener, null, headers);

    private Problem? Decide(Exchange exchange) =>
        PolicyHarness.Decide(new ListenerAddressesKind().Compile(exchange.Listener, _harness.Context), exchange).Problem;
}

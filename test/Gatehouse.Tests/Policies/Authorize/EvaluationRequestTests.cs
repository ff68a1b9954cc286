using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Authorize;
using Gatehouse.Routes;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Policies.Authorize;

public sealed class EvaluationRequestTests
{
    private static readonly AuthorizeSpec Spec = new(
        new Located<string>("pdp", default), "orders.read", "order", new Located<string>("{orderId}", default));

    private static readonly Consumer Shop = new()
    {
        Id = new ConsumerId("web-shop"),
        Kind = ConsumerKind.Application,
        Owner = "digital@retailer.example",
        Grants = new HashSet<Scope> { new("orders.write"), new("orders.read") },
        Authenticate = [],
    };

    private readonly PolicyHarness _harness = new();

    [Fact]
    public void Says_who_calls_for_whom_and_what_for()
    {
        var caller = new Caller
        {
            Consumer = Shop,
            CredentialKind = "token",
            CredentialId = "t1",
            Scopes = Shop.Grants,
            Person = new Person("customers", "customer-17"),
            People = ["customers"],
            Actors = ["agent-1"],
        };
        Assert.Equal(
            """
            {"subject":{"type":"person","id":"customer-17","properties":{"consumer":"web-shop","credential":"token","issuer":"customers",
            "people":["customers"],"actors":["agent-1"],"scopes":["orders.read","orders.write"]}},
            "action":{"name":"orders.read","properties":{"method":"GET"}},
            "resource":{"type":"order","id":"17","properties":{"route":"orders/get-order"}},
            "context":{"address":"127.0.0.1","listener":"edge"}}
            """.Replace("\n", "", StringComparison.Ordinal),
            Write(caller));
    }

    [Fact]
    public void Says_that_a_program_or_nobody_calls()
    {
        Assert.StartsWith("""{"subject":{"type":"application","id":"web-shop","properties":{"consumer":"web-shop","credential":"apiKey",""",
            Write(PolicyHarness.Caller(Shop)), StringComparison.Ordinal);
        Assert.StartsWith("""{"subject":{"type":"anonymous","id":"anonymous"},"action":""", Write(null), StringComparison.Ordinal);
    }

    [Fact]
    public void Differs_where_anything_differs()
    {
        var other = new Caller
        {
            Consumer = Shop,
            CredentialKind = "token",
            CredentialId = "t1",
            Scopes = Shop.Grants,
            Person = new("staff", "customer-17"),
        };
        string[] all =
        [
            Write(null), Write(PolicyHarness.Caller(Shop)), Write(other), Write(null, "18"), Write(null, address: "10.0.0.1"),
            Write(null, spec: Spec with { Action = "orders.write" }), Write(null, spec: Spec with { ResourceType = "return" }),
        ];
        Assert.Distinct(all);
    }

    [Theory]
    [InlineData("/orders/{orderId}", "{orderId}", "/orders/17", "17")]
    [InlineData("/orders/{orderId}", "{orderId}", "/orders/caf%C3%A9%2525", "café%25")]
    [InlineData("/orders/{orderId}", "{orderId}", "/orders/%FF", null)]
    [InlineData("/shops/{shop}/o/{orderId}.json", "{shop}:{orderId}!", "/shops/a%3Ab/o/7.json", "a:b:7!")]
    [InlineData("/files/{path**}", "files/{path}", "/files/a/b", "files/a/b")]
    [InlineData("/orders/{orderId}", "all orders", "/orders/17", "all orders")]
    public void Names_the_resource_as_a_backend_reads_it(string template, string id, string path, string? expected)
    {
        Assert.True(PathTemplate.TryParse(template, out var parsed, out _));
        Assert.True(ResourceId.TryCompile(id, parsed.Segments, out var compiled, out _));
        Assert.Equal(expected, compiled.For(path));
    }

    [Theory]
    [InlineData("{order}")]
    [InlineData("{orderId")]
    [InlineData("orderId}")]
    [InlineData("{}")]
    [InlineData("{orderId}}")]
    [InlineData("{{orderId}}")]
    public void Takes_no_name_that_the_path_does_not_have(string id)
    {
        Assert.True(PathTemplate.TryParse("/orders/{orderId}", out var parsed, out _));
        Assert.False(ResourceId.TryCompile(id, parsed.Segments, out _, out var why));
        Assert.NotNull(why);
    }

    private string Write(Caller? caller, string id = "17", string address = "127.0.0.1", AuthorizeSpec? spec = null)
    {
        var exchange = _harness.Exchange(peer: address, route: _harness.Route());
        exchange.Caller = caller;
        return Encoding.UTF8.GetString(EvaluationRequest.Write(exchange, spec ?? Spec, id).Span);
    }
}

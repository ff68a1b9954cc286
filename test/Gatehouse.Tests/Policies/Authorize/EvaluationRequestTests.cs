using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Authorize;
using Gatehouse.Routes;
using Gatehouse.Services;
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
            "resource":{"type":"order","id":"17","properties":{"route":"orders/get-order","path":{"orderId":"17"}}},
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
            Write(null), Write(PolicyHarness.Caller(Shop)), Write(other), Write(null, "/orders/18"), Write(null, address: "10.0.0.1"),
            Write(null, spec: Spec with { Action = "orders.write" }), Write(null, spec: Spec with { ResourceType = "return" }),
        ];
        Assert.Distinct(all);
    }

    [Fact]
    public void Tells_two_things_apart_whose_ids_read_the_same()
    {
        var one = Write(null, "/shops/a/o/b%3Ac", "/shops/{shop}/o/{orderId}", "{shop}:{orderId}");
        var other = Write(null, "/shops/a%3Ab/o/c", "/shops/{shop}/o/{orderId}", "{shop}:{orderId}");
        Assert.Contains(
            """{"type":"order","id":"a:b:c","properties":{"route":"orders/get-order","path":{"shop":"a","orderId":"b:c"}}}""",
            one, StringComparison.Ordinal);
        Assert.Contains(
            """{"type":"order","id":"a:b:c","properties":{"route":"orders/get-order","path":{"shop":"a:b","orderId":"c"}}}""",
            other, StringComparison.Ordinal);
        Assert.NotEqual(Digest.Of(one), Digest.Of(other));
    }

    [Theory]
    [InlineData("all orders", "")]
    [InlineData("{orderId}, {orderId}", ""","path":{"orderId":"17"}""")]
    [InlineData("{orderId} of {shop}", ""","path":{"orderId":"17","shop":"a"}""")]
    public void Says_what_each_name_of_the_id_stands_for(string id, string path) => Assert.Contains(
        "\"properties\":{\"route\":\"orders/get-order\"" + path + "}},",
        Write(null, "/shops/a/o/17", "/shops/{shop}/o/{orderId}", id), StringComparison.Ordinal);

    [Theory]
    [InlineData("/orders/{orderId}", "{orderId}", "/orders/17", "17")]
    [InlineData("/orders/{orderId}", "{orderId}-{orderId}", "/orders/17", "17-17")]
    [InlineData("/orders/{orderId}", "{orderId}", "/orders/caf%C3%A9%2525", "café%25")]
    [InlineData("/orders/{orderId}", "{orderId}", "/orders/%FF", null)]
    [InlineData("/shops/{shop}/o/{orderId}.json", "{shop}:{orderId}!", "/shops/a%3Ab/o/7.json", "a:b:7!")]
    [InlineData("/files/{path**}", "files/{path}", "/files/a/b", "files/a/b")]
    [InlineData("/orders/{orderId}", "all orders", "/orders/17", "all orders")]
    public void Names_the_resource_as_a_backend_reads_it(string template, string id, string path, string? expected)
    {
        var compiled = Id(template, id);
        Assert.Equal(expected, compiled.ValuesOf(path) is { } values ? compiled.With(values) : null);
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

    private static ResourceId Id(string template, string id)
    {
        Assert.True(PathTemplate.TryParse(template, out var parsed, out _));
        Assert.True(ResourceId.TryCompile(id, parsed.Segments, out var compiled, out _));
        return compiled;
    }

    private string Write(
        Caller? caller, string path = "/orders/17", string template = "/orders/{orderId}", string id = "{orderId}", string address = "127.0.0.1",
        AuthorizeSpec? spec = null)
    {
        var exchange = _harness.Exchange(target: path, peer: address, route: _harness.Route());
        exchange.Caller = caller;
        var compiled = Id(template, id);
        return Encoding.UTF8.GetString(EvaluationRequest.Write(exchange, spec ?? Spec, compiled, compiled.ValuesOf(path)!).Span);
    }
}

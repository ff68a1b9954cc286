using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Tests.Upstreams;

public sealed class AnswerFieldsTests
{
    [Fact]
    [Control("ERR-3")]
    [Control("IDP-4")]
    public void Leaves_behind_what_tells_of_the_service_and_what_is_between_it_and_the_gateway()
    {
        string[] telling =
        [
            "Server", "server", "Via", "X-Powered-By", "x-powered-by", "X-AspNet-Version", "X-AspNetMvc-Version", "X-AspNetCore-Secret",
            "X-Generator", "X-Backend-Server", "X-Upstream-Addr", "X-Served-By", "X-Envoy-Upstream-Service-Time", "X-Real-IP", "X-Hostname",
            "X-Request-Id", "X-Api-Key", "Authorization", "Gatehouse-Assertion", "gatehouse-anything", "X-Gatehouse-Route", "X-Forwarded-For",
            "Forwarded", "traceparent", "Strict-Transport-Security", "Alt-Svc", "Proxy-Authenticate", "Keep-Alive", "Connection", "Upgrade",
        ];
        string[] harmless =
        [
            "Date", "ETag", "X-Ray", "X-Powered", "X-Asp", "Vary", "Serves", "Gatehouse", "Content-Language", "X-Frame-Options",
            "X-Version", "X-App-Version", "X-Host", "X-Node", "X-Instance", "X-Instance-Id",
        ];

        var headers = Copy([.. telling.Concat(harmless).Select(n => (n, "1.2.3"))]);

        Assert.Equal(harmless.Order(), headers.Keys.Order());
    }

    [Fact]
    public void Keeps_every_value_in_its_order_and_what_a_policy_has_said_before()
    {
        var headers = Copy([("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Empty", "")], before: ("Set-Cookie", "own=0"));

        Assert.Equal(["own=0", "a=1", "b=2"], headers["Set-Cookie"].ToArray());
        Assert.Equal("", headers["X-Empty"]);
    }

    [Theory]
    [Control("RES-7")]
    [InlineData("http://shop.example/x", "http://shop.example/x")]
    [InlineData("/elsewhere?next=http://10.0.3.1:5101/", "/elsewhere?next=http://10.0.3.1:5101/")]
    [InlineData("elsewhere", "elsewhere")]
    [InlineData("//shop.example/x", "//shop.example/x")]
    [InlineData("http://10.0.3.1:51010/x", "http://10.0.3.1:51010/x")]
    [InlineData("http://10.0.3.1:5101/x?y=1#z", "/x?y=1#z")]
    [InlineData("http://10.0.3.1:5101", "/")]
    [InlineData("http://10.0.3.1:5101?y=1", "/?y=1")]
    [InlineData("HTTPS://10.0.3.1:5101/x", "/x")]
    [InlineData("//10.0.3.1:5101/x", "/x")]
    [InlineData("///10.0.3.1:5101/x", "/x")]
    [InlineData("http:\\\\10.0.3.1:5101/x", "/x")]
    [InlineData("/\\10.0.3.1:5101/x", "/x")]
    [InlineData("http:/10.0.3.1:5101/x", "/x")]
    [InlineData(" http://10.0.3.1:5101/x", "/x")]
    [InlineData("http://someone@10.0.3.1:5101/x", "/x")]
    [InlineData("http://10.0.3.1.:5101/x", "/x")]
    [InlineData("http://orders.inside:5101/x", "/x")]
    [InlineData("http://ORDERS.INSIDE:5101/x", "/x")]
    [InlineData("http://10.0.3.1:5101//evil.example/x", null)]
    [InlineData("http://10.0.3.1:5101/\\evil.example", null)]
    [InlineData("http://10.0.3.1:5101\\evil.example", null)]
    [InlineData("ht\ttp://10.0.3.1:5101/x", null)]
    [InlineData("http://10.0.4.1/x", null)]
    [InlineData("http://10.0.4.1:80/x", null)]
    [InlineData("//10.0.4.1", null)]
    public void Hides_a_server_inside_in_what_is_followed(string location, string? expected)
    {
        foreach (var name in (string[])["Location", "Content-Location"])
            Assert.Equal(expected, Copy([(name, location)])[name].ToString() is { Length: > 0 } seen ? seen : null);
    }

    [Theory]
    [Control("RES-7")]
    [InlineData("Refresh", "5; url=http://10.0.3.1:5101/x", false)]
    [InlineData("Refresh", "0;URL='//10.0.4.1/x'", false)]
    [InlineData("Refresh", "0; url=\\\\10.0.4.1", false)]
    [InlineData("Refresh", "5", true)]
    [InlineData("Refresh", "5; url=/x//y", true)]
    [InlineData("Refresh", "5; url=http://shop.example/x", true)]
    [InlineData("Link", "</style.css>; rel=preload", true)]
    [InlineData("Link", "</a>; rel=next, <http://10.0.3.1:5101/b>; rel=prev", false)]
    public void Leaves_behind_other_fields_that_name_a_server_inside(string name, string value, bool stays) =>
        Assert.Equal(stays ? value : "", Copy([(name, value)])[name].ToString());

    [Fact]
    [Control("RES-7")]
    public void Passes_on_no_second_place_to_go_to() => Assert.Empty(Copy([("Location", "/a"), ("Location", "/b")]));

    private static HeaderDictionary Copy((string Name, string Value)[] fields, (string Name, string Value)? before = null)
    {
        using var response = new HttpResponseMessage();
        foreach (var (name, value) in fields)
            if (!response.Headers.TryAddWithoutValidation(name, value)) Assert.True(response.Content.Headers.TryAddWithoutValidation(name, value));
        var headers = new HeaderDictionary();
        if (before is { } said) headers[said.Name] = said.Value;
        var inside = Answers.Inside("orders.inside");
        AnswerFields.Copy(response.Headers, headers, inside, before is not null);
        AnswerFields.Copy(response.Content.Headers, headers, inside, before is not null);
        return headers;
    }
}

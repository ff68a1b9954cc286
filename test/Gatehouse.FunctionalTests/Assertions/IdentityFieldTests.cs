using System.Net;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Gatehouse.FunctionalTests.Assertions;

/// <summary>Who a caller is, is said by the gateway alone, and to the backend alone.</summary>
public sealed class IdentityFieldTests
{
    private static readonly string[] Fields =
    [
        "Gatehouse-Assertion", "Gatehouse-Caller", "X-Gatehouse-User", "X-User", "X-User-Id", "X-Username", "X-Consumer-ID", "X-Consumer-Username",
        "X-Authenticated-Userid", "X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Preferred-Username", "X-Remote-User",
        "Remote-User", "Remote-Groups", "X-Real-IP", "X-WEBAUTH-USER", "X-WEBAUTH-ROLE", "X-Auth-User", "X-Auth-Request-Email", "X-Auth-Token",
        "X-Identity", "X-Identity-Id", "X-Principal", "X-Credential-Identifier", "X-Anonymous-Consumer", "X-JWT-Assertion", "X-MS-CLIENT-PRINCIPAL",
        "X-Goog-Authenticated-User-Email", "X-Amzn-Oidc-Data", "Cf-Access-Jwt-Assertion", "OIDC-Claim-Sub", "Client-Cert", "X-SSL-Client-S-DN",
    ];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => [.. Fields];

    [Theory]
    [MemberData(nameof(Names))]
    [Control("IDP-2")]
    public async Task A_client_s_word_about_itself_never_reaches_the_backend(string name)
    {
        await using var backend = await FakeUpstream.StartAsync();
        await using var vouching = await Vouching.StartAsync(backend.Address);
        var port = vouching.Gateway.AddressOf("edge").Port;
        string[] ways =
        [
            $"{name}: evil\r\n", $"{name.ToUpperInvariant()}: evil\r\n", $"{name.ToLowerInvariant()}: evil\r\n{name}: evil\r\n",
            $"{name}: evil\r\nConnection: {name}\r\n", $"{name.Replace('-', '_')}: evil\r\n",
        ];
        foreach (var way in ways)
            await RawHttpClient.ExchangeAsync(port, $"GET /orders/17 HTTP/1.1\r\nHost: localhost\r\n{way}\r\n");

        Assert.NotEmpty(backend.Requests);
        Assert.DoesNotContain(
            backend.Requests, r => r.Headers.Any(h => h.Value.Contains("evil", StringComparison.Ordinal)));
    }

    [Fact]
    [Control("IDP-2")]
    public async Task Nor_does_it_in_a_trailer()
    {
        await using var backend = await FakeUpstream.StartAsync();
        await using var vouching = await Vouching.StartAsync(backend.Address);
        backend.Otherwise(async http =>
        {
            await http.Request.Body.CopyToAsync(Stream.Null);
            var fields = http.Request.Headers.Select(h => $"head {h.Key}: {h.Value}").ToList();
            if (http.Request.SupportsTrailers()) fields.AddRange(Fields.Select(f => $"trailer {f}: {http.Request.GetTrailer(f)}"));
            http.Response.StatusCode = StatusCodes.Status202Accepted;
            await http.Response.WriteAsync(string.Join('\n', fields));
        }, readsBody: true);
        var request = "GET /orders/17 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
            + string.Concat(Fields.Take(20).Select(f => $"{f}: evil\r\n")) + "\r\n";

        var around = await RawHttpClient.ExchangeAsync(backend.Port, request);
        Assert.All(Fields.Take(20), f => Assert.Contains($"trailer {f}: evil", around.Text.Split('\n'))); // the backend would see them
        var through = await RawHttpClient.ExchangeAsync(vouching.Gateway.AddressOf("edge").Port, request);

        Assert.Equal((202, 2), (through.Status, backend.Requests.Count));
        Assert.Contains("head Gatehouse-Assertion: ", through.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("evil", through.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Control("IDP-4")]
    [Control("SEC-5", "the assertion, and the token of an upstream")]
    public async Task What_the_gateway_says_to_a_backend_never_returns_to_the_client()
    {
        await using var backend = await FakeUpstream.StartAsync(HttpProtocols.Http2); // only this version has trailers here
        var sent = "";
        backend.Otherwise(async http =>
        {
            sent = http.Request.Headers["Gatehouse-Assertion"].ToString() is { Length: > 0 } assertion ? assertion : "nothing";
            foreach (var name in (string[])["Gatehouse-Assertion", "gatehouse-caller", "X-Gatehouse-Note", "X-Forwarded-For"])
                http.Response.Headers[name] = sent;
            http.Response.Headers["X-Stays"] = "1";
            await http.Response.WriteAsync("body");
            http.Response.AppendTrailer("Gatehouse-Assertion", sent);
            http.Response.AppendTrailer("X-Sum", "1");
        });
        await using var vouching = await Vouching.StartAsync(backend.Address, http2: true);

        foreach (var path in (string[])["/orders/17", "/plain/17"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path)
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            using var answer = await vouching.Edge.SendAsync(request, Cancel);

            Assert.Equal("body", await answer.Content.ReadAsStringAsync(Cancel));
            Assert.Contains("X-Stays", answer.Headers.Select(h => h.Key), StringComparer.OrdinalIgnoreCase);
            Assert.Contains("X-Sum", answer.TrailingHeaders.Select(h => h.Key), StringComparer.OrdinalIgnoreCase);
            var fields = answer.Headers.Concat(answer.TrailingHeaders).ToList();
            Assert.DoesNotContain(fields, h => h.Key.Contains("gatehouse", StringComparison.OrdinalIgnoreCase));
            Assert.DoesNotContain(fields, h => h.Key.StartsWith("x-forwarded", StringComparison.OrdinalIgnoreCase));
            Assert.DoesNotContain(fields, h => h.Value.Contains(sent));
        }

        var records = await vouching.Gateway.AccessLog.RecordsAsync(2, Cancel);
        Assert.DoesNotContain("Gatehouse-Assertion", string.Concat(records), StringComparison.OrdinalIgnoreCase);
    }
}

using System.Net;
using Gatehouse.TestKit;
using Retailer.Backends;

namespace Gatehouse.FunctionalTests.Assertions;

/// <summary>What a gateway cannot know: whose order it is. The retailer's service checks it, by the person that the gateway vouches for.</summary>
public sealed class ObjectCheckTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("BKD-3")]
    public async Task A_person_sees_its_own_order_and_not_another_s()
    {
        var inside = Cli.Declarations.FreePort();
        await using var orders = await RetailerService.StartOrdersAsync(
            "orders", Cancel, new GatewayTrust(Vouching.Issuer, new Uri($"http://127.0.0.1:{inside}{Vouching.KeysPath}")));
        await using var vouching = await Vouching.StartAsync(orders.Address, inside: inside);

        Assert.Equal(HttpStatusCode.OK, await AskAsync(vouching, "/orders/17", "customer-17"));
        Assert.Equal(HttpStatusCode.NotFound, await AskAsync(vouching, "/orders/18", "customer-17"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(vouching, "/orders/18", "customer-18"));
        Assert.Equal(HttpStatusCode.NotFound, await AskAsync(vouching, "/orders/18", "-")); // a program that speaks for itself
        Assert.Equal(HttpStatusCode.NotFound, await AskAsync(vouching, "/orders/18", "customer-18", "staff")); // called alike, and somebody else
        Assert.Equal(HttpStatusCode.NotFound, await AskAsync(vouching, "/orders/18", "customer-18", "partners")); // of an issuer without a rule
        Assert.Equal(HttpStatusCode.NotFound, (await vouching.Edge.GetAsync(new Uri("/orders/18", UriKind.Relative), Cancel)).StatusCode);

        using var around = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        Assert.Equal(HttpStatusCode.Unauthorized, (await around.GetAsync(new Uri(orders.Address, "/orders/17"), Cancel)).StatusCode);
    }

    private static async Task<HttpStatusCode> AskAsync(Vouching vouching, string path, string person, string issuer = "customers")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Test-Person", person } } };
        if (issuer != "customers") request.Headers.Add("Test-Issuer", issuer);
        return (await vouching.Edge.SendAsync(request, Cancel)).StatusCode;
    }
}

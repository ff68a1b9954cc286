using System.Text;
using Gatehouse.Services;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Services;

public sealed class TokenResponseTests
{
    [Fact]
    public void Reads_what_a_token_endpoint_answers()
    {
        var response = Read(
            """
            {"access_token":"abc.def-1_~+/=","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"bearer",
            "expires_in":60,"scope":"orders.read","more":{"x":[1]}}
            """)!;
        Assert.Equal(("abc.def-1_~+/=", TimeSpan.FromSeconds(60), true), (response.AccessToken, response.ExpiresIn, response.IsExchanged));
        Assert.DoesNotContain("abc", response.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("orders.read", true)]
    [InlineData("orders.read orders.write", true)]
    [InlineData("orders.read admin", false)]
    [InlineData("ORDERS.READ", false)]
    [InlineData("", true)]
    [Control("IDP-8")]
    public void Knows_whether_it_is_good_for_more_than_was_asked_for(string scope, bool within) =>
        Assert.Equal(within, Read($$"""{"access_token":"a","token_type":"Bearer","scope":"{{scope}}"}""")!.IsWithin(["orders.read", "orders.write"]));

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"access_token":"a"}""")]
    [InlineData("""{"token_type":"Bearer"}""")]
    [InlineData("""{"access_token":"a","token_type":"N_A"}""")]
    [InlineData("""{"access_token":"a","token_type":"DPoP"}""")]
    [InlineData("""{"access_token":"","token_type":"Bearer"}""")]
    [InlineData("""{"access_token":1,"token_type":"Bearer"}""")]
    [InlineData("""{"access_token":"a\r\nX-Admin: 1","token_type":"Bearer"}""")]
    [InlineData("""{"access_token":"a b","token_type":"Bearer"}""")]
    [InlineData("""{"access_token":"a","access_token":"b","token_type":"Bearer"}""")]
    [InlineData("""{"access_token":"a","token_type":"Bearer","expires_in":-1}""")]
    [InlineData("""{"access_token":"a","token_type":"Bearer","expires_in":"60"}""")]
    [InlineData("""{"access_token":"a","token_type":"Bearer","scope":["orders.read"]}""")]
    [InlineData("""{"access_token":"a","token_type":"Bearer"} x""")]
    [InlineData("""{"access_token":"a","token_type":"Bearer""")]
    public void Takes_nothing_else_for_a_token(string json) => Assert.Null(Read(json));

    private static TokenResponse? Read(string json) => TokenResponse.Read(Encoding.UTF8.GetBytes(json));
}

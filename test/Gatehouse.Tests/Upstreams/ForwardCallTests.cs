using CsCheck;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;

namespace Gatehouse.Tests.Upstreams;

public sealed class ForwardCallTests
{
    private const string Destination = "http://10.0.3.1:5101";

    [Control("NRM-1")]
    [Fact]
    public void Never_changes_a_byte_of_any_target_nor_leaves_the_destination()
    {
        // everything that a request line can carry: visible ASCII, in any order
        var visible = Gen.Char['!', '~'].Array[0, 40].Select(c => new string(c));
        Gen.Select(visible, visible, Gen.Bool).Sample((path, query, hasQuery) =>
        {
            path = "/" + path.Replace('?', 'q');
            query = hasQuery ? "?" + query : "";
            using var request = Transform(path, query, null);
            Assert.Equal(path + query, request.RequestUri!.PathAndQuery);
            Assert.Equal("10.0.3.1", request.RequestUri.Host);
            Assert.Equal(5101, request.RequestUri.Port);
            Assert.Equal("", request.RequestUri.UserInfo);
        });
    }

    [Theory]
    [InlineData("//evil.example/x")]
    [InlineData("/@evil.example/")]
    [InlineData("/\\evil.example")]
    [InlineData("/..//../")]
    public void Keeps_paths_that_look_like_another_authority_within_the_destination(string path)
    {
        using var request = Transform("/", "", path);

        Assert.Equal(path, request.RequestUri!.PathAndQuery);
        Assert.Equal("10.0.3.1", request.RequestUri.Host);
    }

    private static HttpRequestMessage Transform(string path, string query, string? forwardedPath)
    {
        var harness = new PolicyHarness();
        var exchange = harness.Exchange();
        exchange.Path = path;
        exchange.Query = query;
        exchange.ForwardedPath = forwardedPath;
        using var timer = new ForwardTimer(harness.Clock);
        var request = new HttpRequestMessage();
        var transforming = new ForwardCall(exchange, timer, harness.Clock, Answers.Inside())
            .TransformRequestAsync(exchange.Http, request, Destination, CancellationToken.None);
        Assert.True(transforming.IsCompletedSuccessfully); // it only copies: nothing is awaited, nothing allocated for waiting
        return request;
    }
}

using System.Net.Http;
using System.Net.Sockets;
using Gatehouse.Pipeline;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Yarp.ReverseProxy.Forwarder;

namespace Gatehouse.Tests.Upstreams;

public sealed class AttemptEndTests
{
    private static readonly PolicyHarness Harness = new();

    [Theory]
    [InlineData(200, nameof(AttemptEnd.Good))]
    [InlineData(404, nameof(AttemptEnd.Good))]
    [InlineData(429, nameof(AttemptEnd.Good))]
    [InlineData(500, nameof(AttemptEnd.Good))]
    [InlineData(502, nameof(AttemptEnd.Unavailable))]
    [InlineData(503, nameof(AttemptEnd.Unavailable))]
    [InlineData(504, nameof(AttemptEnd.Unavailable))]
    public void An_answer_is_judged_by_its_status(int status, string expected) =>
        Assert.Equal(expected, Of(ForwarderError.None, null, status: status));

    [Theory]
    [InlineData(nameof(ForwarderError.Request), nameof(AttemptEnd.Broken))]
    [InlineData(nameof(ForwarderError.RequestBodyClient), nameof(AttemptEnd.Unjudged))]
    [InlineData(nameof(ForwarderError.RequestBodyDestination), nameof(AttemptEnd.Unjudged))]
    [InlineData(nameof(ForwarderError.RequestCanceled), nameof(AttemptEnd.Unjudged))]
    [InlineData(nameof(ForwarderError.ResponseBodyDestination), nameof(AttemptEnd.Broken))]
    [InlineData(nameof(ForwarderError.ResponseBodyClient), nameof(AttemptEnd.Unjudged))]
    [InlineData(nameof(ForwarderError.ResponseBodyCanceled), nameof(AttemptEnd.Unjudged))]
    [InlineData(nameof(ForwarderError.UpgradeActivityTimeout), nameof(AttemptEnd.Unjudged))]
    [InlineData(nameof(ForwarderError.RequestTimedOut), nameof(AttemptEnd.TimedOut))]
    public void A_failure_is_held_against_the_destination_only_where_it_is_its_own(string error, string expected) =>
        Assert.Equal(expected, Of(Enum.Parse<ForwarderError>(error), new IOException("a test")));

    [Fact]
    public void No_connection_is_a_failure_of_its_own_kind() => Assert.Equal(nameof(AttemptEnd.NotConnected),
        Of(ForwarderError.Request, new HttpRequestException(HttpRequestError.ConnectionError, "a test", new SocketException())));

    [Theory]
    [InlineData(nameof(Expiry.Head), true, 0, nameof(AttemptEnd.TimedOut))]
    [InlineData(nameof(Expiry.Deadline), true, 0, nameof(AttemptEnd.TimedOut))]
    [InlineData(nameof(Expiry.Deadline), false, 0, nameof(AttemptEnd.Unjudged))] // the client had not sent all of it
    [InlineData(nameof(Expiry.Deadline), true, 200, nameof(AttemptEnd.Unjudged))] // the client may be slow to read
    public void A_time_that_ran_out_is_the_destinations_when_it_had_the_request(string expired, bool requestEnded, int status, string expected) =>
        Assert.Equal(expected, Of(
            ForwarderError.RequestCanceled, new OperationCanceledException(), Enum.Parse<Expiry>(expired), requestEnded, status));

    [Fact]
    public void A_service_that_breaks_off_within_the_request_is_judged()
    {
        var (stopped, broke) = (new OperationCanceledException(), new HttpRequestException(HttpRequestError.HttpProtocolError, "a test"));
        const ForwarderError error = ForwarderError.RequestBodyClient;
        Assert.Equal(nameof(AttemptEnd.Broken), Of(error, new AggregateException(stopped, broke), requestEnded: false));
        Assert.Equal(nameof(AttemptEnd.Unjudged), Of(error, new AggregateException(stopped, stopped), requestEnded: false));
    }

    [Fact]
    public void What_a_client_or_the_gateway_caused_says_nothing()
    {
        const string nothing = nameof(AttemptEnd.Unjudged);
        Assert.Equal(nothing, Of(ForwarderError.Request, new IOException("a test"), change: e => e.ClientIsGone = true));
        Assert.Equal(nothing, Of(ForwarderError.Request, new IOException("a test"), change: e => e.BodyProblem = Problems.BodyTooLarge));
    }

    [Fact]
    public async Task What_a_route_does_not_want_is_an_answer_all_the_same()
    {
        var rules = new AnswerRules(10, ReplaceErrors: true);
        Assert.Equal(nameof(AttemptEnd.Good), await OfAnswerAsync(500, 0, rules));
        Assert.Equal(nameof(AttemptEnd.Good), await OfAnswerAsync(200, 11, rules));
        Assert.Equal(nameof(AttemptEnd.Unavailable), await OfAnswerAsync(503, 0, rules));
        Assert.Equal(nameof(AttemptEnd.Good),
            Of(ForwarderError.ResponseBodyClient, null, status: 200, change: e => e.Forward.IsTooLong = true));
    }

    [Fact]
    public async Task An_answer_that_is_none_is_its_destinations_failure()
    {
        Assert.Equal(nameof(AttemptEnd.Broken), await OfAnswerAsync(600, 0, AnswerRules.None));
        Assert.Equal(nameof(AttemptEnd.Broken), await OfAnswerAsync(204, 5, AnswerRules.None));
        Assert.Equal(nameof(AttemptEnd.Broken), await OfAnswerAsync(200, 5, AnswerRules.None)); // of which nothing comes
        Assert.Equal(nameof(AttemptEnd.Good), await OfAnswerAsync(200, 0, AnswerRules.None));
    }

    /// <summary>An answer that says a length, and ends with its head.</summary>
    private static async Task<string> OfAnswerAsync(int status, int length, AnswerRules rules)
    {
        var exchange = Harness.Exchange();
        exchange.Answers = rules;
        using var timer = new ForwardTimer(Harness.Clock);
        var call = new ForwardCall(exchange, timer, Harness.Clock, Answers.Inside());
        using var response = new HttpResponseMessage((System.Net.HttpStatusCode)status) { Content = new ByteArrayContent([]) };
        response.Content.Headers.ContentLength = length;
        if (await call.TransformResponseAsync(exchange.Http, response, CancellationToken.None))
            await call.TransformResponseTrailersAsync(exchange.Http, response, CancellationToken.None);
        return AttemptEnds.Of(exchange, call, Expiry.None, ForwarderError.None, null, requestEnded: true).ToString();
    }

    private static string Of(
        ForwarderError error, Exception? exception, Expiry expired = Expiry.None, bool requestEnded = true, int status = 0,
        Action<Exchange>? change = null)
    {
        var exchange = Harness.Exchange();
        change?.Invoke(exchange);
        using var timer = new ForwardTimer(Harness.Clock);
        var call = new ForwardCall(exchange, timer, Harness.Clock, Answers.Inside()) { Status = status };
        return AttemptEnds.Of(exchange, call, expired, error, exception, requestEnded).ToString();
    }
}

using Gatehouse.Pipeline;
using Gatehouse.Policies.Body;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Tests.Policies.Body;

/// <summary>Whose fault it is that a body ends: told from how the server says so, before it cancels the request.</summary>
public sealed class CountedBodyTests
{
    private readonly Exchange _exchange = new PolicyHarness().Exchange();

    public static TheoryData<Exception> Departures =>
    [
        new ConnectionResetException("reset"),
        new ConnectionAbortedException("aborted"),
        new TaskCanceledException("The request was aborted", new ConnectionAbortedException("aborted")),
        new IOException("The client reset the request stream."), // so says it HTTP/2
    ];

    [Theory]
    [Control("RES-6", "a client that leaves while it sends")]
    [MemberData(nameof(Departures), DisableDiscoveryEnumeration = true)]
    public async Task A_client_that_goes_away_has_left_also_when_nobody_else_knows_yet(Exception end)
    {
        _exchange.Http.Request.Protocol = end.GetType() == typeof(IOException) ? "HTTP/2" : "HTTP/1.1";
        await Assert.ThrowsAsync(end.GetType(), () => ReadAsync(end));
        Assert.True(_exchange.ClientIsGone);
        Assert.Null(_exchange.BodyProblem);
        Assert.False(_exchange.Http.RequestAborted.IsCancellationRequested);
    }

    [Fact]
    public async Task Forwarding_that_is_given_up_blames_nobody()
    {
        await Assert.ThrowsAsync<TaskCanceledException>(() => ReadAsync(new TaskCanceledException()));
        Assert.False(_exchange.ClientIsGone);
        Assert.Null(_exchange.BodyProblem);
    }

    public static TheoryData<Exception> Malformed =>
    [
        new BadHttpRequestException("Bad chunk size data."),
        new IOException("Bad chunk size data.", new OverflowException()), // so says Kestrel that it is no number of 32 bits
    ];

    [Theory]
    [Control("SMG-5", "whatever the server calls it")]
    [MemberData(nameof(Malformed), DisableDiscoveryEnumeration = true)]
    public async Task A_body_that_cannot_be_read_is_malformed(Exception end)
    {
        _exchange.Http.Request.Protocol = "HTTP/1.1";
        await Assert.ThrowsAsync(end.GetType(), () => ReadAsync(end));
        Assert.False(_exchange.ClientIsGone);
        Assert.Same(Problems.MalformedRequest, _exchange.BodyProblem);
    }

    private async Task ReadAsync(Exception end)
    {
        await using var body = new CountedBody(new EndingBody(end), 100, _exchange);
        _ = await body.ReadAsync(new byte[10], TestContext.Current.CancellationToken);
    }

    private sealed class EndingBody(Exception end) : ArrivingBody
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromException<int>(end);
    }
}

using Gatehouse.FunctionalTests.Exchanges;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;
using Grpc.Core;
using Grpc.Net.Client;

namespace Gatehouse.FunctionalTests.Rpc;

/// <summary>A client and a service of gRPC's own packages with the gateway between them, over cleartext and over TLS.</summary>
public sealed class GrpcTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Speech.CleartextHttp2)]
    [InlineData(Speech.Http2)]
    public async Task A_call_is_answered_with_what_goes_before_and_after_it(Speech speech)
    {
        await using var calls = await Calls.StartAsync(speech);
        var (said, fields) = (new Said { Text = new string('a', 300_000) }, new Metadata { { "x-mark", "7" } });
        using var call = calls.Client.OnceAsync(said, fields, cancellationToken: Cancel);
        Assert.Equal(300_000, (await call).Text.Length);
        Assert.Equal("7", (await call.ResponseHeadersAsync).GetValue("x-mark"));
        Assert.Equal("1", call.GetTrailers().GetValue("x-end"));
        var record = await calls.Front.Gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.Equal((200, "things/once"), ((int)record["status"]!, (string?)record["route"]));
    }

    [Theory]
    [InlineData(Speech.CleartextHttp2)]
    [InlineData(Speech.Http2)]
    public async Task An_error_of_the_service_stays_what_it_is(Speech speech)
    {
        await using var calls = await Calls.StartAsync(speech);
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await calls.Client.OnceAsync(new Said { Text = "nothing" }, cancellationToken: Cancel));
        Assert.Equal((StatusCode.NotFound, "there is nothing"), (error.StatusCode, error.Status.Detail));
        Assert.Equal("looked", error.Trailers.GetValue("x-why"));
    }

    [Theory]
    [InlineData(Speech.CleartextHttp2)]
    [InlineData(Speech.Http2)]
    public async Task Messages_stream_from_the_service_to_it_and_both_ways(Speech speech)
    {
        await using var calls = await Calls.StartAsync(speech);
        using (var often = calls.Client.Often(new Said { Text = new string('b', 1000), Times = 2000 }, cancellationToken: Cancel))
        {
            var seen = 0;
            await foreach (var said in often.ResponseStream.ReadAllAsync(Cancel)) Assert.Equal(++seen, said.Times);
            Assert.Equal(2000, seen);
        }

        using (var sum = calls.Client.Sum(cancellationToken: Cancel))
        {
            for (var i = 1; i <= 1000; i++) await sum.RequestStream.WriteAsync(new Said { Times = i }, Cancel);
            await sum.RequestStream.CompleteAsync();
            Assert.Equal(500_500, (await sum).Times);
        }

        using var talk = calls.Client.Talk(cancellationToken: Cancel);
        for (var i = 0; i < 100; i++)
        {
            await talk.RequestStream.WriteAsync(new Said { Times = i }, Cancel); // each is heard before the next is said
            Assert.True(await talk.ResponseStream.MoveNext(Cancel));
            Assert.Equal(i, talk.ResponseStream.Current.Times);
        }

        await talk.RequestStream.CompleteAsync();
        Assert.False(await talk.ResponseStream.MoveNext(Cancel));
        Assert.Equal(StatusCode.OK, talk.GetStatus().StatusCode);
    }

    [Fact]
    public async Task A_caller_that_gives_up_and_one_that_is_refused_hear_it_in_gRPCs_words()
    {
        await using var calls = await Calls.StartAsync(Speech.CleartextHttp2);
        var deadline = TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(1);
        var late = await Assert.ThrowsAsync<RpcException>(async () =>
            await calls.Client.OnceAsync(new Said { Text = "never" }, deadline: deadline, cancellationToken: Cancel));
        Assert.Equal(StatusCode.DeadlineExceeded, late.StatusCode);

        using var channel = GrpcChannel.ForAddress(calls.Front.Client.BaseAddress!, new GrpcChannelOptions { HttpClient = calls.Front.Client });
        var undeclared = new CallInvokerOf(channel);
        Assert.Equal(StatusCode.Unimplemented, await undeclared.StatusAsync("/gatehouse.tests.Other/Once"));
        await undeclared.StatusAsync("/gatehouse.tests.Echo/Few"); // which the service does not have
        Assert.Equal(StatusCode.Unavailable, await undeclared.StatusAsync("/gatehouse.tests.Echo/Few"));
        var refused = await calls.Front.Gateway.AccessLog.WaitForAsync(r => (string?)r["problem"] == "limit-exceeded", Cancel);
        Assert.Equal(429, (int)refused["status"]!);
    }

    /// <summary>Calls methods that the service's description does not have.</summary>
    private sealed class CallInvokerOf(GrpcChannel channel)
    {
        public async Task<StatusCode> StatusAsync(string path)
        {
            var parts = path.Split('/');
            var marshaller = Marshallers.Create(static said => [], static bytes => new Said());
            var method = new Method<Said, Said>(MethodType.Unary, parts[1], parts[2], marshaller, marshaller);
            using var call = channel.CreateCallInvoker().AsyncUnaryCall(method, null, new CallOptions(cancellationToken: Cancel), new Said());
            return (await Assert.ThrowsAsync<RpcException>(async () => await call)).StatusCode;
        }
    }

    /// <summary>The service, the gateway in front of it, and a client of both.</summary>
    private sealed class Calls : IAsyncDisposable
    {
        private EchoHost _service = null!;
        private GrpcChannel _channel = null!;

        public Front Front { get; private set; } = null!;

        public Echo.EchoClient Client { get; private set; } = null!;

        public static async Task<Calls> StartAsync(Speech speech)
        {
            var calls = new Calls { _service = await EchoHost.StartAsync() };
            calls.Front = await Front.StartAsync(speech, new SmallDeclaration(calls._service.Address)
            {
                Protocol = "http2",
                MoreRoutes = string.Concat(((string[])["Once", "Often", "Sum", "Talk"]).Select(Route)) + Few,
            });
            calls._channel = GrpcChannel.ForAddress(
                calls.Front.Client.BaseAddress!, new GrpcChannelOptions { HttpClient = calls.Front.Client, MaxReceiveMessageSize = null });
            calls.Client = new Echo.EchoClient(calls._channel);
            return calls;
        }

        public async ValueTask DisposeAsync()
        {
            _channel.Dispose();
            await Front.DisposeAsync();
            await _service.DisposeAsync();
        }

        private static string Route(string method) =>
            $$"""

                  {{method.ToLowerInvariant()}}:
                    match: POST /gatehouse.tests.Echo/{{method}}
                    exposure: public
                    effect: read
                    personalData: none
                    body: { stream: true, reason: messages follow one another for as long as the caller likes }
                    access: { anonymous: "a test" }
                    limits: [ { per: all, allow: 1000000, every: 1s } ]
            """;

        private const string Few =
            """

                  few:
                    match: POST /gatehouse.tests.Echo/Few
                    exposure: public
                    effect: read
                    personalData: none
                    access: { anonymous: "a test" }
                    limits: [ { per: all, allow: 1, every: 31d } ]
            """;
    }
}

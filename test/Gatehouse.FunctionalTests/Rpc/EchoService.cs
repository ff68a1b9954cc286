using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gatehouse.FunctionalTests.Rpc;

/// <summary>A real service of gRPC on a free port, over cleartext HTTP/2.</summary>
internal sealed class EchoHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private EchoHost(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.Single());

    public static async Task<EchoHost> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = null);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(
            System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        var app = builder.Build();
        app.MapGrpcService<EchoService>();
        await app.StartAsync();
        return new EchoHost(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

/// <summary>Says what it hears.</summary>
internal sealed class EchoService : Echo.EchoBase
{
    public override async Task<Said> Once(Said request, ServerCallContext context)
    {
        if (request.Text == "nothing")
            throw new RpcException(new Status(StatusCode.NotFound, "there is nothing"), new Metadata { { "x-why", "looked" } });
        if (request.Text == "never") await Task.Delay(Timeout.InfiniteTimeSpan, context.CancellationToken);
        var mark = context.RequestHeaders.GetValue("x-mark");
        if (mark is not null) await context.WriteResponseHeadersAsync(new Metadata { { "x-mark", mark } });
        context.ResponseTrailers.Add("x-end", "1");
        return request;
    }

    public override async Task Often(Said request, IServerStreamWriter<Said> responseStream, ServerCallContext context)
    {
        for (var i = 1; i <= request.Times; i++)
            await responseStream.WriteAsync(new Said { Text = request.Text, Times = i }, context.CancellationToken);
    }

    public override async Task<Said> Sum(IAsyncStreamReader<Said> requestStream, ServerCallContext context)
    {
        var sum = new Said();
        await foreach (var said in requestStream.ReadAllAsync(context.CancellationToken)) sum.Times += said.Times;
        return sum;
    }

    public override async Task Talk(IAsyncStreamReader<Said> requestStream, IServerStreamWriter<Said> responseStream, ServerCallContext context)
    {
        await foreach (var said in requestStream.ReadAllAsync(context.CancellationToken))
            await responseStream.WriteAsync(said, context.CancellationToken);
    }
}

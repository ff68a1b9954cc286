using Gatehouse.Pipeline;
using Microsoft.AspNetCore.Http.Features;

namespace Gatehouse.Upstreams;

/// <summary>What the two sides say after an upgrade, counted as the bodies of other exchanges are: over HTTP/1.1 and as a stream of HTTP/2.</summary>
internal sealed class CountedUpgrade(Exchange exchange, IHttpUpgradeFeature? upgrade, IHttpExtendedConnectFeature? connect)
    : IHttpUpgradeFeature, IHttpExtendedConnectFeature
{
    public bool IsUpgradableRequest => upgrade is { IsUpgradableRequest: true };

    public bool IsExtendedConnect => connect is { IsExtendedConnect: true };

    public string? Protocol => connect?.Protocol;

    /// <summary>Puts itself where the exchange's upgrade is taken from. Does nothing when none is asked for.</summary>
    public static void Watch(Exchange exchange)
    {
        var features = exchange.Http.Features;
        var counted = new CountedUpgrade(exchange, features.Get<IHttpUpgradeFeature>(), features.Get<IHttpExtendedConnectFeature>());
        if (counted.IsUpgradableRequest) features.Set<IHttpUpgradeFeature>(counted);
        if (counted.IsExtendedConnect) features.Set<IHttpExtendedConnectFeature>(counted);
    }

    public async Task<Stream> UpgradeAsync() => new Conversation(exchange, await upgrade!.UpgradeAsync());

    public async ValueTask<Stream> AcceptAsync() => new Conversation(exchange, await connect!.AcceptAsync());

    private sealed class Conversation(Exchange exchange, Stream inner) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await inner.ReadAsync(buffer, cancellationToken);
            exchange.RequestBytes += read;
            return read;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            exchange.ResponseBytes += buffer.Length;
            return inner.WriteAsync(buffer, cancellationToken);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override void Flush() => throw new NotSupportedException("it is flushed asynchronously");

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("it is read asynchronously");

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("it is written asynchronously");

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override async ValueTask DisposeAsync()
        {
            await inner.DisposeAsync();
            await base.DisposeAsync();
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) inner.Dispose();
            base.Dispose(disposing);
        }
    }
}

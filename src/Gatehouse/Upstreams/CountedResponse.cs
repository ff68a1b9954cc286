using System.IO.Pipelines;
using Gatehouse.Pipeline;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Gatehouse.Upstreams;

/// <summary>
/// The response's body on its way to the client, counted, and ended where it grows over what its route allows. Stream and feature in one, so that an
/// exchange costs one object; the rest is the server's.
/// </summary>
/// <param name="announced">The length that the response's head says; <see cref="long.MaxValue"/> where it says none.</param>
internal sealed class CountedResponse(Exchange exchange, IHttpResponseBodyFeature inner, long announced) : Stream, IHttpResponseBodyFeature
{
    private readonly Stream _stream = inner.Stream;
    private readonly long _most = IsEmpty(exchange) ? 0 : Math.Min(exchange.Answers.Most, announced);

    public Stream Stream => this;

    public PipeWriter Writer => inner.Writer;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.Length > _most - exchange.ResponseBytes) return TooLong();
        exchange.ResponseBytes += buffer.Length;
        exchange.AnswerReader?.Read(buffer.Span);
        return _stream.WriteAsync(buffer, cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => _stream.FlushAsync(cancellationToken);

    public override void Flush() => _stream.Flush();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("write it asynchronously");

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Whether no body may follow the head. One that follows an answer to HEAD is left out by the server.</summary>
    private static bool IsEmpty(Exchange exchange) => AnswerFault.IsBodiless(exchange.Forward.Status) && !HttpMethods.IsHead(exchange.Method);

    private ValueTask TooLong()
    {
        if (IsEmpty(exchange)) exchange.Forward.Fault = AnswerFault.BodyWhereNoneMayBe;
        else if (announced <= exchange.Answers.Most) exchange.Forward.Fault = AnswerFault.LongerThanItSays;
        else exchange.Forward.IsTooLong = true;
        return ValueTask.FromException(new IOException("the response's body is over the limit"));
    }

    public void DisableBuffering() => inner.DisableBuffering();

    public Task StartAsync(CancellationToken cancellationToken = default) => inner.StartAsync(cancellationToken);

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        inner.SendFileAsync(path, offset, count, cancellationToken);

    /// <summary>An answer that is refused must not be ended as though it were whole.</summary>
    public Task CompleteAsync()
    {
        if (exchange.Forward.Fault is null) return inner.CompleteAsync();
        if (exchange.Http.Response.HasStarted) exchange.Http.Abort(); // the client may be waiting for more before it ends its request
        return Task.CompletedTask;
    }
}

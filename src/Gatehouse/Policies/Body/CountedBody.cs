using Gatehouse.Pipeline;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Policies.Body;

/// <summary>A body that is larger than its route takes.</summary>
internal sealed class BodyTooLargeException() : IOException("the request's body is larger than its route takes");

/// <summary>
/// The request's body as it arrives, counted. More bytes than allowed or a broken framing end it with an exception, and with
/// <see cref="Exchange.BodyProblem"/> saying which; a client that goes away does so with <see cref="Exchange.ClientIsGone"/>.
/// Over HTTP/2 a length is only announced, and the end of the stream proves it (RFC 9113 section 8.1.1): the bytes that fill it are kept back until
/// then, because with them a backend would hold a whole request.
/// </summary>
internal sealed class CountedBody(Stream body, long max, Exchange exchange) : ArrivingBody
{
    /// <summary>How Kestrel tells a connection that ended within a body from one with broken framing: in these words alone.</summary>
    private const string EndedWithin = "Unexpected end of request content.";

    private readonly long? _announced = exchange.IsHttp1 ? null : exchange.Http.Request.ContentLength;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (exchange.RequestBodyRead) return 0;
        int read;
        try
        {
            read = await body.ReadAsync(buffer, cancellationToken);
            if (read > 0 && exchange.RequestBytes + read == _announced) await ReadEndAsync(cancellationToken);
        }
        catch (Exception e)
        {
            if (IsDeparture(e)) exchange.ClientIsGone = true;
            else exchange.BodyProblem ??= ProblemOf(e);
            throw;
        }

        if (read == 0 && buffer.Length > 0) exchange.RequestBodyRead = true;
        exchange.RequestBytes += read;
        if (exchange.RequestBytes <= max) return read;
        exchange.BodyProblem = Problems.BodyTooLarge;
        throw new BodyTooLargeException();
    }

    /// <summary>Throws where more comes: then the server has seen a length that is not the one of the data.</summary>
    private async ValueTask ReadEndAsync(CancellationToken cancellationToken)
    {
        if (await body.ReadAsync(new byte[1], cancellationToken) > 0) throw new IOException("the body is longer than announced");
        exchange.RequestBodyRead = true;
    }

    // the token of an aborted request may be cancelled a moment after the read has failed: it is the last thing to ask
    private bool IsDeparture(Exception e) => e switch
    {
        ConnectionResetException or ConnectionAbortedException => true,
        OperationCanceledException { InnerException: ConnectionAbortedException } => true, // so says Kestrel it while somebody reads
        BadHttpRequestException { StatusCode: not StatusCodes.Status400BadRequest } => false,
        BadHttpRequestException { Message: EndedWithin } => true,
        BadHttpRequestException => exchange.Http.RequestAborted.IsCancellationRequested,
        // a stream that was reset; over HTTP/1.1 it may be a chunk's size that is no number, and a connection that broke says so otherwise
        IOException when HttpProtocol.IsHttp2(exchange.Http.Request.Protocol) => true,
        _ => exchange.Http.RequestAborted.IsCancellationRequested,
    };

    /// <summary>Null where the body is not to blame: forwarding was given up.</summary>
    private static Problem? ProblemOf(Exception e) => e switch
    {
        BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout } => Problems.RequestTimeout,
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => Problems.BodyTooLarge,
        BadHttpRequestException or IOException => Problems.MalformedRequest,
        _ => null,
    };
}

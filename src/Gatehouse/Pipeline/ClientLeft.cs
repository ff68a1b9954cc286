using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Pipeline;

/// <summary>The end of an exchange whose client has gone: nobody was refused, nobody failed, and there is nobody to answer.</summary>
internal static class ClientLeft
{
    /// <summary>For the log, where there was no answer yet. Not a status of HTTP.</summary>
    private const int Status = 499;

    /// <summary>Whether an exception only says that the client is gone. What was wrong with the request itself is another matter.</summary>
    public static bool Explains(Exchange exchange, Exception e) => e switch
    {
        ConnectionResetException or ConnectionAbortedException => true,
        BadHttpRequestException => exchange.ClientIsGone,
        IOException or OperationCanceledException => exchange.Http.RequestAborted.IsCancellationRequested,
        _ => false,
    };

    /// <summary>Ends the exchange; <see cref="Verdict.Answered"/>, because there is nobody left to answer.</summary>
    public static Verdict End(Exchange exchange)
    {
        if (!exchange.Http.Response.HasStarted) exchange.Status = Status;
        exchange.Reason = exchange.Connection?.Fault ?? "client left"; // or was made to leave
        exchange.Http.Abort();
        return Verdict.Answered;
    }
}

using System.Buffers;
using Gatehouse.Assertions;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Policies.Assert;

/// <summary>The listener that <c>assertions: { publish: … }</c> names has it.</summary>
internal sealed class PublishedKeysKind() : ListenerPolicyKind(KindName)
{
    public const string KindName = "assertion-keys";

    public override Policy? Compile(Listener listener, CompileContext context) =>
        context.Assertions is { Publish: { } publish } issuer && publish.Listener == listener.Name
            ? new PublishedKeysPolicy(issuer, publish.Path)
            : null;
}

/// <summary>Answers GET of one path with the public keys, as any answer of the listener is given: recorded, and only to whom it admits.</summary>
internal sealed class PublishedKeysPolicy(AssertionIssuer issuer, string path) : Policy
{
    public override string Name => PublishedKeysKind.KindName;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        if (!string.Equals(exchange.Path, path, StringComparison.Ordinal) || !HttpMethods.IsGet(exchange.Method)) return new(Verdict.Continue);
        var response = exchange.Http.Response;
        response.StatusCode = StatusCodes.Status200OK;
        response.Headers.ContentType = AssertionIssuer.KeySetType;
        response.Headers.ContentLength = issuer.KeySet.Length;
        response.Headers.CacheControl = AssertionIssuer.CacheControl;
        response.Headers.XContentTypeOptions = "nosniff";
        exchange.ResponseBytes = issuer.KeySet.Length;
        response.BodyWriter.Write(issuer.KeySet); // sent when the exchange is over, after the policies have seen the head
        return new(Verdict.Answered);
    }
}

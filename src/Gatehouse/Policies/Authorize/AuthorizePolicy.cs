using Gatehouse.Pipeline;
using Gatehouse.Services;

namespace Gatehouse.Policies.Authorize;

/// <summary>Lets a call pass when the route's authoriser says so. Every other answer, and none, refuses it.</summary>
internal sealed class AuthorizePolicy(AuthorizeSpec spec, ResourceId id, AuthoriserClient authoriser) : Policy
{
    public override string Name => AuthorizeKind.KindName;

    /// <summary>What is asked, and of whom.</summary>
    public AuthorizeSpec Spec => spec;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        if (id.ValuesOf(exchange.Path) is not { } values) return new(Verdict.Reject(Problems.Forbidden, "the resource's id is not UTF-8"));
        var question = EvaluationRequest.Write(exchange, spec, id, values);
        var digest = Digest.Of(question.Span);
        return authoriser.TryRemember(digest, out var decision) ? new(Act(decision, null)) : AskAsync(exchange, question, digest);
    }

    private async ValueTask<Verdict> AskAsync(Exchange exchange, ReadOnlyMemory<byte> question, Digest digest)
    {
        var (decision, why) = await authoriser.AskAsync(question, digest, exchange.RequestId, exchange.Http.RequestAborted);
        return Act(decision, why);
    }

    private static Verdict Act(Decision decision, string? why) => decision switch
    {
        Decision.Yes => Verdict.Continue,
        Decision.No => Verdict.Reject(Problems.Forbidden, "the authoriser says no"),
        Decision.Unknown => Verdict.Reject(Problems.AuthorisationUnavailable, why ?? "no decision"),
    };
}

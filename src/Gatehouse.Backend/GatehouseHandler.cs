using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Gatehouse.Backend;

/// <summary>
/// Authenticates a request by the gateway's assertion. A refusal says nothing of its reason to the caller; the reason is reported.
/// </summary>
internal sealed class GatehouseHandler(
    IOptionsMonitor<GatehouseOptions> options, ILoggerFactory logger, UrlEncoder encoder, Verifiers verifiers, RefusedCalls refused)
    : AuthenticationHandler<GatehouseOptions>(options, logger, encoder)
{
    private string _refusal = Refusal.Missing;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var assertions = Request.Headers[CallerHeaders.Assertion];
        if (assertions.Count == 0) return AuthenticateResult.NoResult(); // another scheme may know the caller; if none does, the challenge reports it
        if (assertions.Count > 1 || assertions[0] is not { } assertion) return Refuse(Refusal.Several);
        var (caller, refusal) = await verifiers.For(Scheme.Name, Options, TimeProvider).VerifyAsync(assertion, Request);
        return caller is null
            ? Refuse(refusal!)
            : AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(caller), Scheme.Name));
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        await HandleAuthenticateOnceSafeAsync();
        if (_refusal == Refusal.Missing) refused.Report(Refusal.Missing);
        var lacksKeys = _refusal == Refusal.NoKeys;
        Response.Headers.WWWAuthenticate = GatehouseDefaults.AuthenticationScheme;
        await AnswerAsync(lacksKeys ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status401Unauthorized,
            lacksKeys ? "Callers cannot be verified at the moment." : "This service is called through its gateway.");
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        AnswerAsync(StatusCodes.Status403Forbidden, "The caller may not do this.");

    private AuthenticateResult Refuse(string reason)
    {
        refused.Report(_refusal = reason);
        return AuthenticateResult.Fail("the gateway's assertion does not hold");
    }

    private Task AnswerAsync(int status, string title)
    {
        Response.StatusCode = status;
        Response.ContentType = "application/problem+json";
        Response.Headers.CacheControl = "no-store";
        return Response.WriteAsync($$"""{"type":"about:blank","title":"{{title}}","status":{{status}}}""");
    }
}

using System.Net;
using System.Net.Http.Json;
using System.Security.Claims;
using System.Text.Json;
using Gatehouse.Pipeline;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;
using Gatehouse.Tokens;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenIddict.Abstractions;
using OpenIddict.Server;

namespace Gatehouse.FunctionalTests.Tokens;

/// <summary>Tokens of an issuer that nobody made for these tests: OpenIddict, found by its discovery document.</summary>
public sealed class RealIssuerTests
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Takes_the_tokens_of_a_real_issuer()
    {
        await using var server = await StartAsync();
        var address = new Uri(server.Urls.Single());
        var token = await TokenAsync(address);
        using var meter = new GatehouseMeter();
        var state = new StateStore();
        var issuer = new Issuer
        {
            Name = "customers",
            Identifier = address.ToString(), // as its discovery document says it: with a slash at the end
            Audiences = ["retailer-apis"],
            Algorithms = [SigningAlgorithm.RS256],
            Keys = new KeySource { ByDiscovery = true, Hosts = ["127.0.0.1"] },
            IsProfiled = true,
        };
        var verdict = await TokenHarness.JudgeAsync(Verifier(issuer), token);
        Assert.Null(verdict.Reason);
        Assert.Equal(("anna", "web-shop"), (verdict.Token!.Subject, verdict.Token.ClientId));
        Assert.Contains("orders.read", verdict.Token.Scopes.Select(s => s.Value));
        Assert.Equal("token: for another audience", (await TokenHarness.JudgeAsync(Verifier(issuer with { Audiences = ["other"] }), token)).Reason);
        Assert.Null((await TokenHarness.JudgeAsync(Verifier(issuer), token[..^4] + "AAAA")).Token);

        TokenVerifier Verifier(Issuer declared) => TokenVerifier.For(
            [declared], (kind, identity, create) => state.Get(kind, identity, create), TimeProvider.System, null, meter);
    }

    private static async Task<string> TokenAsync(Uri address)
    {
        using var client = new HttpClient();
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = "web-shop",
            ["client_secret"] = "not checked here",
            ["scope"] = "orders.read",
        });
        using var response = await client.PostAsync(new Uri(address, "/token"), form, Cancel);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>(Cancel);
        Assert.True(response.StatusCode == HttpStatusCode.OK, answer.ToString());
        return answer.GetProperty("access_token").GetString()!;
    }

    private static async Task<WebApplication> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddAuthentication();
        builder.Services.AddOpenIddict().AddServer(options =>
        {
            options.EnableDegradedMode().SetTokenEndpointUris("/token").AllowClientCredentialsFlow().RegisterScopes("orders.read");
            options.AddEphemeralEncryptionKey().AddEphemeralSigningKey().DisableAccessTokenEncryption();
            options.UseAspNetCore().DisableTransportSecurityRequirement();
            options.AddEventHandler<OpenIddictServerEvents.ValidateTokenRequestContext>(b => b.UseInlineHandler(_ => default));
            options.AddEventHandler<OpenIddictServerEvents.HandleTokenRequestContext>(b => b.UseInlineHandler(context =>
            {
                var identity = new ClaimsIdentity("test");
                identity.AddClaim(new Claim(OpenIddictConstants.Claims.Subject, "anna"));
                var principal = new ClaimsPrincipal(identity);
                principal.SetScopes("orders.read");
                principal.SetResources("retailer-apis");
                context.SignIn(principal);
                return default;
            }));
        });
        var app = builder.Build();
        app.UseAuthentication();
        await app.StartAsync(Cancel);
        return app;
    }
}

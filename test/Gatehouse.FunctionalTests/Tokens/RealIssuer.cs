using System.Net;
using System.Net.Http.Json;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server;

namespace Gatehouse.FunctionalTests.Tokens;

/// <summary>An issuer that nobody made for these tests, on a port of its own: OpenIddict, with keys that a test rotates.</summary>
internal sealed class RealIssuer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly List<RSA> _keys = [];

    private RealIssuer() => _app = Build(NewKey());

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>As its discovery document says who it is: with a slash at the end.</summary>
    public Uri Address { get; private set; } = null!;

    private List<SigningCredentials> Signing =>
        _app.Services.GetRequiredService<IOptionsMonitor<OpenIddictServerOptions>>().CurrentValue.SigningCredentials;

    public static async Task<RealIssuer> StartAsync()
    {
        var issuer = new RealIssuer();
        await issuer._app.StartAsync(Cancel);
        issuer.Address = new Uri(issuer._app.Urls.Single());
        return issuer;
    }

    /// <summary>A token for the client <c>web-shop</c> and the subject <c>anna</c>, good for a day.</summary>
    public async Task<string> TokenAsync()
    {
        using var client = new HttpClient();
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = "web-shop",
            ["client_secret"] = "not checked here",
            ["scope"] = "orders.read",
        });
        using var response = await client.PostAsync(new Uri(Address, "/token"), form, Cancel);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>(Cancel);
        Assert.True(response.StatusCode == HttpStatusCode.OK, answer.ToString());
        return answer.GetProperty("access_token").GetString()!;
    }

    /// <summary>Signs with a new key from now on; the keys before it are still published.</summary>
    public void Rotate() => Signing.Insert(0, NewKey());

    /// <summary>Publishes the newest key alone.</summary>
    public void ForgetOldKeys() => Signing.RemoveRange(1, Signing.Count - 1);

    public Task StopAsync() => _app.StopAsync(Cancel);

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        foreach (var key in _keys) key.Dispose();
    }

    private SigningCredentials NewKey()
    {
        var key = RSA.Create(2048);
        _keys.Add(key);
        return new SigningCredentials(new RsaSecurityKey(key) { KeyId = Guid.NewGuid().ToString("N") }, SecurityAlgorithms.RsaSha256);
    }

    private static WebApplication Build(SigningCredentials first)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddAuthentication();
        builder.Services.AddOpenIddict().AddServer(options =>
        {
            options.EnableDegradedMode().SetTokenEndpointUris("/token").AllowClientCredentialsFlow().RegisterScopes("orders.read");
            options.AddEphemeralEncryptionKey().AddSigningKey(first.Key).DisableAccessTokenEncryption().SetAccessTokenLifetime(TimeSpan.FromDays(1));
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
        return app;
    }
}

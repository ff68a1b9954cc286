using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Cli.Commands.Demo;

/// <summary>
/// The demo's own identity provider, which exists only there: two issuers, one for customers and one for staff, on a loopback port. It asks nobody
/// for a password: whoever reaches it gets a token for any of its clients and persons, and nothing but the demo takes one.
/// </summary>
internal sealed class DemoIssuer : IAsyncDisposable
{
    private const string UnknownClient = "invalid_client";
    private const string UnknownPerson = "invalid_grant";

    private const int LongestForm = 1024;
    private readonly WebApplication _app;

    private DemoIssuer(WebApplication app, DemoTokens tokens) => (_app, Tokens) = (app, tokens);

    public DemoTokens Tokens { get; }

    /// <exception cref="IOException">The port is taken.</exception>
    public static async Task<DemoIssuer> StartAsync(Uri address, TimeProvider clock, CancellationToken cancelled)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, address.Port));
        var issuer = new DemoIssuer(builder.Build(), new DemoTokens(address, clock));
        try
        {
            issuer._app.UseRouting();
            issuer.Map(issuer._app, address);
            await issuer._app.StartAsync(cancelled);
            return issuer;
        }
        catch
        {
            await issuer.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Tokens.Dispose();
    }

    private void Map(IEndpointRouteBuilder routes, Uri address)
    {
        foreach (var issuer in (string[])[DemoPerson.Customers, DemoPerson.Staff])
        {
            var name = Tokens.NameOf(issuer);
            routes.MapGet($"/{issuer}/.well-known/openid-configuration", http => AnswerAsync(http, StatusCodes.Status200OK, new JsonObject
            {
                ["issuer"] = name,
                ["jwks_uri"] = $"{name}/keys",
                ["token_endpoint"] = new Uri(address, "/token").ToString(),
            }));
            routes.MapGet($"/{issuer}/keys", http => AnswerAsync(http, StatusCodes.Status200OK, Tokens.KeysOf(issuer)));
        }

        routes.MapPost("/token", GiveAsync);
    }

    private async Task GiveAsync(HttpContext http)
    {
        if (http.Request is not { HasFormContentType: true, ContentLength: > 0 and <= LongestForm })
        {
            await RefuseAsync(http, "invalid_request");
            return;
        }

        var form = await http.Request.ReadFormAsync(http.RequestAborted);
        var client = DemoClient.Find(form["client_id"].ToString());
        var person = form["person"] is { Count: > 0 } named ? DemoPerson.Find(named.ToString()) : null;
        if (client is null)
            await RefuseAsync(http, UnknownClient);
        else if (form.ContainsKey("person") && person?.Issuer != client.Issuer)
            await RefuseAsync(http, UnknownPerson);
        else
            await AnswerAsync(http, StatusCodes.Status200OK, new JsonObject
            {
                ["access_token"] = Tokens.For(client, person),
                ["token_type"] = "Bearer",
                ["expires_in"] = (int)DemoTokens.Life.TotalSeconds,
            });
    }

    private static Task RefuseAsync(HttpContext http, string error) =>
        AnswerAsync(http, StatusCodes.Status400BadRequest, new JsonObject { ["error"] = error });

    private static Task AnswerAsync(HttpContext http, int status, JsonObject body)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(body.ToJsonString());
    }
}

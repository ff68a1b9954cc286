using System.Diagnostics.Metrics;
using System.Net;
using System.Security.Claims;
using System.Text.Json.Nodes;
using Gatehouse.Backend;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gatehouse.FunctionalTests.Assertions;

/// <summary>
/// A service that takes callers as a gateway vouches for them, and says what it was told. It keeps the assertions that came, so that a test can
/// send them around the gateway, and what it reported.
/// </summary>
internal sealed class TrustingBackend : IAsyncDisposable
{
    private const string Refusal = """{"type":"about:blank","title":"This service is called through its gateway.","status":401}""";
    private readonly WebApplication _app;
    private readonly MeterListener _listener = new();
    private readonly List<string> _reported = [];

    private TrustingBackend(WebApplication app)
    {
        _app = app;
        Client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
    }

    public Uri Address => new(_app.Urls.First());

    public HttpClient Client { get; }

    public List<string> Seen { get; } = [];

    /// <summary>The reasons of refused calls, as they were counted.</summary>
    public IReadOnlyList<string> Reported
    {
        get
        {
            lock (_reported) return [.. _reported];
        }
    }

    /// <param name="configure">Sets where the keys are, and what differs from the usual.</param>
    public static async Task<TrustingBackend> StartAsync(Action<GatehouseOptions> configure, TimeProvider? clock = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        if (clock is not null) builder.Services.AddSingleton(clock);
        builder.Services.AddAuthentication(GatehouseDefaults.AuthenticationScheme).AddGatehouse(o =>
        {
            (o.Issuer, o.Audience) = (Vouching.Issuer, "orders");
            configure(o);
        });
        var backend = new TrustingBackend(builder.Build());
        backend.Listen();
        backend._app.UseAuthentication();
        backend._app.Run(backend.AnswerAsync);
        await backend._app.StartAsync();
        return backend;
    }

    /// <summary>Calls around the gateway; the status and, for a refusal, the reason that was reported.</summary>
    public async Task<(int Status, string? Reason)> CallAsync(string path, string? assertion, CancellationToken cancel, HttpMethod? method = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, new Uri(Address, path));
        if (assertion is not null) request.Headers.TryAddWithoutValidation("Gatehouse-Assertion", assertion);
        var before = Reported.Count;
        using var answer = await Client.SendAsync(request, cancel);
        var body = await answer.Content.ReadAsStringAsync(cancel);
        var reason = Reported.Skip(before).SingleOrDefault();
        if ((int)answer.StatusCode == StatusCodes.Status401Unauthorized) Assert.Equal(Refusal, body); // whatever the reason
        return ((int)answer.StatusCode, reason);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        _listener.Dispose();
        await _app.DisposeAsync();
    }

    private void Listen()
    {
        var meters = _app.Services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "gatehouse.backend.refused" && ReferenceEquals(instrument.Meter.Scope, meters))
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            lock (_reported) _reported.Add((string)tags[0].Value!);
        });
        _listener.Start();
    }

    private Task AnswerAsync(HttpContext http)
    {
        Seen.Add(http.Request.Headers["Gatehouse-Assertion"].ToString());
        ClaimsPrincipal user = http.User;
        return user.Identity is { IsAuthenticated: true }
            ? http.Response.WriteAsync(new JsonObject
            {
                ["person"] = user.Person(),
                ["consumer"] = user.Consumer(),
                ["route"] = user.Route(),
                ["anonymous"] = user.IsAnonymousCall(),
                ["mayRead"] = user.HasScope("orders.read"),
                ["people"] = string.Join(' ', user.People()),
                ["actors"] = user.Actors(),
            }.ToJsonString())
            : http.ChallengeAsync();
    }
}

using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Gatehouse.Hosting;

/// <summary>Hears of requests that Kestrel refuses before there is an exchange, through the diagnostic event that it offers for them.</summary>
internal sealed class BadRequests : IObserver<KeyValuePair<string, object?>>, IDisposable
{
    private const string Event = "Microsoft.AspNetCore.Server.Kestrel.BadRequest";
    private readonly DiagnosticListener _listener = new("Gatehouse.Kestrel");
    private readonly Action<IFeatureCollection, int>? _refused;

    public BadRequests(Action<IFeatureCollection, int>? refused)
    {
        _refused = refused;
        if (refused is not null) _listener.Subscribe(this, static name => name == Event);
    }

    /// <summary>What Kestrel writes its events to.</summary>
    public DiagnosticSource Source => _listener;

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (value.Key != Event || value.Value is not IFeatureCollection features) return;
        var status = features.Get<IBadRequestExceptionFeature>()?.Error is BadHttpRequestException refused
            ? refused.StatusCode : StatusCodes.Status400BadRequest;
        _refused!(features, status);
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }

    public void Dispose() => _listener.Dispose();
}

using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace Gatehouse.Backend;

/// <summary>Reports calls that were refused: one event and one count each, by a reason of a closed list and nothing of the call.</summary>
internal sealed partial class RefusedCalls : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _refused;
    private readonly ILogger<RefusedCalls> _log;

    public RefusedCalls(IMeterFactory meters, ILogger<RefusedCalls> log)
    {
        _log = log;
        _meter = meters.Create(GatehouseDefaults.Meter);
        _refused = _meter.CreateCounter<long>("gatehouse.backend.refused", null, "Calls that carried no assertion of the gateway that holds.");
    }

    /// <param name="reason">A constant of <see cref="Refusal"/>.</param>
    public void Report(string reason)
    {
        _refused.Add(1, new KeyValuePair<string, object?>("reason", reason));
        Refused(reason);
    }

    public void Dispose() => _meter.Dispose();

    [LoggerMessage(
        1,
        LogLevel.Warning,
        "A call was refused that did not come through the gateway, or not as it was sent: {Reason}",
        EventName = "GatehouseRefused")]
    private partial void Refused(string reason);
}

/// <summary>Why a call is refused: the closed list.</summary>
internal static class Refusal
{
    public const string Missing = "missing";
    public const string Several = "several";
    public const string Malformed = "malformed";
    public const string Type = "type";
    public const string Algorithm = "algorithm";
    public const string Key = "key";
    public const string Signature = "signature";
    public const string Issuer = "issuer";
    public const string Audience = "audience";
    public const string Expired = "expired";
    public const string Lifetime = "lifetime";
    public const string OtherRequest = "other-request";
    public const string NotPerRequest = "not-per-request";
    public const string Replayed = "replayed";
    public const string NoKeys = "no-keys";
}

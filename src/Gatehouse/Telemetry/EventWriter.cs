using System.Globalization;

namespace Gatehouse.Telemetry;

/// <summary>
/// Tells the operator what the gateway does: one line an event, on standard error unless told otherwise. What it is given comes from the declaration
/// or from the gateway, never from a client. A writer that fails is not allowed to stop anything.
/// </summary>
internal sealed class EventWriter(TextWriter to, TimeProvider clock)
{
    private readonly Lock _gate = new();

    /// <summary>Tells what matters for security, typed and counted; null where nothing is served.</summary>
    public SecurityEvents? Security { get; set; }

    public void Write(string text)
    {
        var time = clock.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        lock (_gate)
        {
            try
            {
                to.WriteLine($"{time} gatehouse: {text}");
                to.Flush();
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                // nobody reads: there is no other place to say so
            }
        }
    }
}

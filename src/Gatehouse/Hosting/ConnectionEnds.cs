using System.Diagnostics.Metrics;

namespace Gatehouse.Hosting;

/// <summary>
/// Hears why Kestrel has ended a connection. It says so in one place only: in the tag of an instrument, which is recorded once for each connection
/// when it is over; a tag of our own says which connection that was.
/// </summary>
internal sealed class ConnectionEnds : IDisposable
{
    /// <summary>The tag that holds the <see cref="AcceptedConnection"/>.</summary>
    public const string Tag = "gatehouse.connection";

    /// <summary>Nothing was asked over it for too long: usual, so that it is only counted.</summary>
    public const string Idle = "idle";

    /// <summary>Nothing was ever asked over it.</summary>
    public const string NothingAsked = "nothing asked";

    private const string Instrument = "kestrel.connection.duration";
    private const string Why = "error.type";

    private readonly MeterListener _listener = new();
    private readonly Action<AcceptedConnection, string> _ended;

    /// <param name="scope">The scope of the meters that are listened to.</param>
    public ConnectionEnds(object scope, Action<AcceptedConnection, string> ended)
    {
        _ended = ended;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, scope) && instrument.Name == Instrument) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>(Hear);
        _listener.Start();
    }

    /// <summary>What the client did whose connection ended so: a constant text; null where it is not to blame or a record says it.</summary>
    public static string? FaultOf(AcceptedConnection connection, string why) => why switch
    {
        "keep_alive_timeout" => connection.HasAsked ? Idle : NothingAsked,
        "request_headers_timeout" => "head too slow",
        "min_request_body_data_rate" => "body too slow",
        "min_response_data_rate" => StallWatch.Fault,
        "stream_reset_limit_exceeded" => FrameToll.FloodOfResets,
        "flow_control_queue_size_exceeded" or "output_queue_size_exceeded" => FrameToll.FloodOfFrames,
        "max_request_headers_total_size_exceeded" or "max_request_header_count_exceeded" => "head too large",
        _ => null,
    };

    public void Dispose() => _listener.Dispose();

    private void Hear(Instrument instrument, double seconds, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        var (connection, why) = ((AcceptedConnection?)null, "");
        foreach (var tag in tags)
        {
            if (tag.Key == Tag) connection = tag.Value as AcceptedConnection;
            else if (tag.Key == Why) why = tag.Value as string ?? "";
        }

        if (connection is not null) _ended(connection, why);
    }
}

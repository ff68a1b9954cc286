using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Body;

/// <summary>What a route says about its requests' bodies.</summary>
/// <param name="Max">The most bytes that a body may have.</param>
/// <param name="Streams">Whether the backend gets the body while it arrives, although the call changes something.</param>
internal sealed record BodySpec(ByteSize Max, bool Streams, Place Place)
{
    /// <summary>What a body may have without a waiver.</summary>
    public static readonly ByteSize Large = ByteSize.MiB(10);

    private static readonly ByteSize Usual = ByteSize.MiB(1);

    private static readonly Key<ByteSize> MaxKey = new("max", Shapes.Size(new ByteSize(0), new ByteSize(1L << 40)),
        $"The most bytes that a request's body may have; {Usual} where nothing is written. More than {Large} needs a waiver of GH1030.");

    private static readonly Key<bool> StreamKey = new("stream", Shapes.Flag(),
        "Forwards the body of a write or an action while it arrives: the backend may see half of one. Needs a 'reason'. Bodies of reads are always streamed.");

    private static readonly Key<string> ReasonKey = new("reason", Shapes.Text(), "Why the backend may see half a body.");

    private static readonly Section<BodySpec> Section = new("a body", [MaxKey, StreamKey, ReasonKey], ReadSection);

    public static Key<BodySpec> Key { get; } = new("body", Section,
        "How large a request's body may be, and whether it is complete before the backend sees it.");

    public static BodySpec Default { get; } = new(Usual, Streams: false, default);

    /// <summary>The larger a body, the longer it ties up memory, disk and the backend: beyond a bound somebody has to answer for it.</summary>
    public static BodySpec? Read(RouteSource source)
    {
        var spec = source.Find(Key)?.Value;
        if (spec?.Max > Large)
            source.Complain(Rules.LargeBody, spec.Place, $"bodies of route {source.Id} may have {spec.Max}, which is more than {Large}",
                "lower 'max', or waive GH1030 with a reason, an owner and a date");
        return spec;
    }

    private static BodySpec? ReadSection(SectionReader reader)
    {
        var max = reader.Get(MaxKey, Usual);
        var streams = reader.Get(StreamKey, false);
        if (streams && !reader.Has(ReasonKey))
            reader.Complain(Rules.LargeBody, StreamKey, "a body that is streamed needs a 'reason'",
                "write why the backend may see half a body, or leave 'stream' out");
        return new BodySpec(max, streams, reader.PlaceOf(MaxKey));
    }
}

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

    private static readonly ByteSize Most = new(1L << 40);

    private static readonly Key<ByteSize> MaxKey = new("max", Shapes.Size(new ByteSize(0), Most),
        $"The most bytes that a request's body may have; {Usual} where nothing is written. More than {Large} needs a waiver of GH1030.");

    private static readonly Key<bool> StreamKey = new("stream", Shapes.Flag(),
        "Forwards the body while it arrives: the backend may see half of one. Needs a 'reason'. Bodies of reads are streamed anyway, unless 'json' or "
        + "'encodings' is written; with 'stream' the client may also pause for as long as the upstream's idle time.");

    private static readonly Key<string> ReasonKey = new("reason", Shapes.Text(), "Why the backend may see half a body.");

    private static readonly Key<JsonLimits> JsonKey = new("json", JsonLimits.Shape,
        "What JSON in a body may be. Bodies that are whole before they are forwarded, and say they are JSON, have bounds anyway; this changes them, and "
        + "has the bodies of a read be whole too.");

    private static readonly Key<IReadOnlyList<Coding>> EncodingsKey = new("encodings",
        Shapes.List(Shapes.OneOf(("gzip", Coding.Gzip), ("br", Coding.Brotli), ("deflate", Coding.Deflate)), 1, 3),
        "How a body may be compressed: none where nothing is written. It is unpacked to be looked at, and forwarded as it came. Needs 'expanded'.");

    private static readonly Key<ByteSize> ExpandedKey = new("expanded", Shapes.Size(new ByteSize(1), Most),
        $"The most bytes that a compressed body may unpack to, and never more than a hundred times its size. More than {Large} needs a waiver of GH1030.");

    private static readonly Section<BodySpec> Section = new("a body",
        [MaxKey, StreamKey, ReasonKey, JsonKey, EncodingsKey, ExpandedKey], ReadSection);

    public static Key<BodySpec> Key { get; } = new("body", Section,
        "How large a request's body may be, what may be in it, and whether it is complete before the backend sees it.");

    public static BodySpec Default { get; } = new(Usual, Streams: false, default);

    /// <summary>What its JSON may be; null for what is usual.</summary>
    public JsonLimits? Json { get; init; }

    /// <summary>How it may be compressed.</summary>
    public Coding Codings { get; init; }

    /// <summary>What it may unpack to, with its place.</summary>
    public Located<ByteSize>? Expanded { get; init; }

    /// <summary>Whether the backend gets the body when it is complete: always where something changes or has to be looked through.</summary>
    public bool IsWhole(Effect effect) => !Streams && (effect != Effect.Read || Json is not null || Codings != Coding.None);

    /// <summary>The larger a body, the longer it ties up memory, disk and the backend: beyond a bound somebody has to answer for it.</summary>
    public static BodySpec? Read(RouteSource source)
    {
        var spec = source.Find(Key)?.Value;
        if (spec?.Max > Large)
            source.Complain(Rules.LargeBody, spec.Place, $"bodies of route {source.Id} may have {spec.Max}, which is more than {Large}",
                "lower 'max', or waive GH1030 with a reason, an owner and a date");
        if (spec?.Expanded is { } expanded && expanded.Value > Large)
            source.Complain(Rules.LargeBody, expanded.Place, $"bodies of route {source.Id} may unpack to {expanded.Value}, which is more than {Large}",
                "lower 'expanded', or waive GH1030 with a reason, an owner and a date");
        return spec;
    }

    private static BodySpec? ReadSection(SectionReader reader)
    {
        var streams = reader.Get(StreamKey, false);
        var reason = reader.Find(ReasonKey);
        if (streams && !reader.Has(ReasonKey))
            reader.Complain(Rules.LargeBody, StreamKey, "a body that is streamed needs a 'reason'",
                "write why the backend may see half a body, or leave 'stream' out");
        else if (!streams && reason is not null)
            reader.Complain(Rules.Contradiction, ReasonKey, "a 'reason' without 'stream: true' is a reason for nothing",
                "write 'stream: true', or leave 'reason' out");
        foreach (var key in (Key[])[JsonKey, EncodingsKey])
            if (streams && reader.Has(key))
                reader.Complain(Rules.Contradiction, key, $"a body that is streamed cannot be looked through: '{key.Name}' would not hold",
                    "leave out one of the two");
        if (reader.Has(EncodingsKey) != reader.Has(ExpandedKey))
            reader.Complain(Rules.LargeBody, reader.Has(EncodingsKey) ? EncodingsKey : ExpandedKey,
                "'encodings' and 'expanded' go together", "write how bodies may be compressed, and what they may unpack to");
        return new BodySpec(reader.Get(MaxKey, Usual), streams, reader.PlaceOf(MaxKey))
        {
            Json = reader.Get(JsonKey),
            Codings = (reader.Get(EncodingsKey) ?? []).Aggregate(Coding.None, (all, one) => all | one),
            Expanded = reader.Find(ExpandedKey),
        };
    }
}

using Gatehouse.Configuration;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>stores</c>: where the gateway keeps what has to outlive it, or what it shares with others.</summary>
internal static class StoresSection
{
    public static readonly Key<SectionReader> Redis = new(
        "redis",
        RedisSection.Shape,
        "A server that speaks the protocol of Redis, in which instances count limits together.");

    public static readonly Section<StoresText> Shape = new("stores", [Redis], text => new StoresText(text.Find(Redis)));
}

/// <param name="Redis">What stands there, or null.</param>
internal sealed record StoresText(Located<SectionReader>? Redis);

namespace Gatehouse.Pipeline;

/// <summary>Frames of HTTP/2 with data (RFC 9113 section 6.1), as those see them who count the frames that bring nobody further.</summary>
internal static class DataFrame
{
    public const byte Type = 0;

    private const byte EndStream = 1, Padded = 8;

    /// <summary>The longest payload that can be padding alone.</summary>
    private const int LongestPadding = 256;

    /// <summary>Whether a frame has more than padding for certain, or ends its stream.</summary>
    public static bool Carries(byte flags, int length) =>
        length > LongestPadding || (flags & EndStream) != 0 || (length > 0 && (flags & Padded) == 0);
}

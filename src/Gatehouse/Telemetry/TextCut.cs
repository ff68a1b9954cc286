namespace Gatehouse.Telemetry;

/// <summary>Cuts text where it may be cut: not between the two halves of one character, of which neither is one.</summary>
internal static class TextCut
{
    /// <param name="longest">Characters that are kept at most; one less where the last of them is half of one.</param>
    public static ReadOnlySpan<char> At(ReadOnlySpan<char> text, int longest)
    {
        if (text.Length <= longest) return text;
        return longest > 0 && char.IsHighSurrogate(text[longest - 1]) ? text[..(longest - 1)] : text[..longest];
    }

    /// <summary>Whether the character there is half of one, without its other half.</summary>
    public static bool IsLoneHalf(ReadOnlySpan<char> text, int at)
    {
        if (!char.IsSurrogate(text[at])) return false;
        return char.IsHighSurrogate(text[at])
            ? at + 1 == text.Length || !char.IsLowSurrogate(text[at + 1])
            : at == 0 || !char.IsHighSurrogate(text[at - 1]);
    }
}

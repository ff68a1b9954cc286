namespace Gatehouse.Tokens;

/// <summary>
/// Headers that were read before, by their text: an issuer writes the same one on every token until its key changes. Few and short; the next one to
/// have a place takes over. What a header says does not depend on who presents it, so nothing here needs to be forgotten.
/// </summary>
internal sealed class HeaderMemory
{
    private const int Places = 16;
    private const int LongestKept = 512;

    private readonly Kept?[] _kept = new Kept?[Places];

    /// <summary>As <see cref="TokenHeader.TryRead"/>.</summary>
    public TokenHeader? Read(ReadOnlySpan<char> text, out string reason)
    {
        ref var place = ref _kept[string.GetHashCode(text) & (Places - 1)];
        reason = "";
        if (Volatile.Read(ref place) is { } kept && text.SequenceEqual(kept.Text)) return kept.Header;
        var header = TokenHeader.TryRead(text, out reason);
        if (header is { Jwk: null } && text.Length <= LongestKept) Volatile.Write(ref place, new Kept(text.ToString(), header));
        return header;
    }

    private sealed record Kept(string Text, TokenHeader Header);
}

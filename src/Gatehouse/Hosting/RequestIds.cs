namespace Gatehouse.Hosting;

/// <summary>
/// Makes the id of an exchange: 26 characters of Crockford's base 32 (a ULID), 48 bits of time in milliseconds, then 80 random ones. Ids sort by
/// time. They name exchanges and protect nothing, so that an ordinary random source is enough.
/// </summary>
internal static class RequestIds
{
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int TimeCharacters = 10;
    private const int RandomCharacters = 8; // twice: 40 bits each

    public static string Next(DateTimeOffset now) => string.Create(
        TimeCharacters + 2 * RandomCharacters,
        (Time: now.ToUnixTimeMilliseconds(), First: Random.Shared.NextInt64(), Second: Random.Shared.NextInt64()),
        static (text, bits) =>
        {
            Write(text[..TimeCharacters], bits.Time);
            Write(text.Slice(TimeCharacters, RandomCharacters), bits.First);
            Write(text[(TimeCharacters + RandomCharacters)..], bits.Second);
        });

    private static void Write(Span<char> text, long bits)
    {
        for (var i = text.Length - 1; i >= 0; i--)
        {
            text[i] = Alphabet[(int)(bits & 31)];
            bits >>= 5;
        }
    }
}

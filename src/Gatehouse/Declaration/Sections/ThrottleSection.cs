using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>throttle</c> of a listener: what guessing credentials costs the guesser.</summary>
internal static class ThrottleSection
{
    private static readonly ThrottleLimits Usual = new();

    public static readonly Key<int> Failures = new(
        "failures",
        Shapes.Whole(1, 10_000),
        "How many bad credentials one address may present at once, and in every window; 20 unless written.");
    public static readonly Key<TimeSpan> Every = new(
        "every",
        Shapes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)),
        "The window; what was used comes back evenly in this time; 1m unless written.");
    public static readonly Key<int> Misses = new(
        "misses",
        Shapes.Whole(1, 100_000),
        "How many answers 403 and 404 one address may get at once, and in every window, before all of its requests are refused; nobody is refused for "
        + "them unless written.");
    public static readonly Key<string> Off = new(
        "off",
        Shapes.Text(),
        "Why bad credentials are not counted here, such as that a proxy in front does it.");

    public static readonly Shape<ThrottleLimits> Shape = new Section<ThrottleLimits>("a throttle", [Failures, Every, Misses, Off], Read);

    private static ThrottleLimits? Read(SectionReader text)
    {
        var (failures, every, off) = (text.Find(Failures), text.Find(Every), text.Get(Off));
        var misses = text.Find(Misses);
        if (text.Has(Off) && (text.Has(Failures) || text.Has(Every) || text.Has(Misses)))
        {
            text.Complain(Rules.WrongType, Off, "a throttle that is off counts nothing", "write either 'off' or the others");
            return null;
        }

        if ((failures is null && text.Has(Failures)) || (every is null && text.Has(Every)) || (misses is null && text.Has(Misses))
            || (off is null && text.Has(Off))) return null;
        return new ThrottleLimits
        {
            Failures = failures?.Value ?? Usual.Failures,
            Every = every?.Value ?? Usual.Every,
            Misses = misses?.Value,
            Off = off,
        };
    }
}

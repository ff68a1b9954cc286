using System.CommandLine;
using System.Globalization;
using Gatehouse.Configuration;

namespace Gatehouse.Cli.Commands.Register;

/// <summary>From when, and for how long.</summary>
internal static class TimeOptions
{
    /// <summary>An instant: a day, which stands for 00:00:00 UTC, or a day with a time of day in UTC.</summary>
    public static Option<DateTimeOffset?> Until(TimeProvider clock) => new("--until")
    {
        Description = "The first instant at which it may pass again by itself: 2027-06-30, or 2027-06-30T18:00:00Z; until it is resumed unless given.",
        HelpName = "INSTANT",
        CustomParser = result =>
        {
            var written = result.Tokens[0].Value;
            if (!DateTimeOffset.TryParseExact(written, ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ss'Z'"], CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal, out var instant))
                result.AddError($"'{Show.Bounded(written)}' is not an instant such as 2027-06-30T18:00:00Z.");
            else if (instant <= clock.GetUtcNow()) result.AddError($"{written} is over.");
            return instant;
        },
    };

    public static Option<TimeSpan> Duration(string name, string description, TimeSpan otherwise, TimeSpan most) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        DefaultValueFactory = _ => otherwise,
        CustomParser = result =>
        {
            var written = result.Tokens.Count == 0 ? Units.Write(otherwise) : result.Tokens[0].Value;
            if (Units.TryReadDuration(written, out var time) && time <= most) return time;
            result.AddError($"'{Show.Bounded(written)}' is not a time such as 12h or 7d, at most {Units.Write(most)}.");
            return otherwise;
        },
    };
}

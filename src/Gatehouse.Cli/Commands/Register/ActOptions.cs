using System.CommandLine;
using System.Globalization;
using Gatehouse.Configuration;

namespace Gatehouse.Cli.Commands.Register;

/// <summary>What is said of every change of a register: who makes it, and why.</summary>
internal static class ActOptions
{
    private const int LongestName = 100;
    private const int LongestReason = 500;

    public static Option<string> By()
    {
        var option = new Option<string>("--by")
        {
            Description = "Who does this; the account that runs the command unless given.",
            HelpName = "WHO",
            DefaultValueFactory = _ => Environment.UserName,
        };
        Bound(option, LongestName);
        return option;
    }

    /// <param name="otherwise">The reason when none is given; null where there has to be one.</param>
    public static Option<string> Reason(string? otherwise = null)
    {
        var option = new Option<string>("--reason") { Description = "Why, for whoever asks later.", HelpName = "TEXT", Required = otherwise is null };
        if (otherwise is not null) option.DefaultValueFactory = _ => otherwise;
        Bound(option, LongestReason);
        return option;
    }

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

    private static void Bound(Option<string> option, int longest) => option.Validators.Add(result =>
    {
        if (result.Tokens is not [var text, ..]) return;
        if (text.Value.Trim().Length is var length && (length == 0 || length > longest) || text.Value.AsSpan().ContainsAnyInRange('\0', '\u001f'))
            result.AddError($"{option.Name} takes one line of 1 to {longest} characters.");
    });
}

using System.CommandLine;

namespace Gatehouse.Cli.Commands;

/// <summary>What is said of every act that is recorded: who does it, and why.</summary>
internal static class ActOptions
{
    private const int LongestName = 100;
    private const int LongestReason = 500;

    /// <summary>The account that runs the command.</summary>
    public static string User => Environment.UserName is { Length: > 0 } name ? name : "unknown";

    /// <param name="isRequired">Whether it has to be written, because the account is not enough.</param>
    public static Option<string> By(bool isRequired = false)
    {
        var option = new Option<string>("--by")
        {
            Description = isRequired ? "Who does this." : "Who does this; the account that runs the command unless given.",
            HelpName = "WHO",
            Required = isRequired,
        };
        if (!isRequired) option.DefaultValueFactory = _ => User;
        Bound(option, LongestName);
        return option;
    }

    /// <param name="otherwise">The reason when none is given; null where there has to be one.</param>
    public static Option<string> Reason(string? otherwise = null, string description = "Why, for whoever asks later.")
    {
        var option = new Option<string>("--reason") { Description = description, HelpName = "TEXT", Required = otherwise is null };
        if (otherwise is not null) option.DefaultValueFactory = _ => otherwise;
        Bound(option, LongestReason);
        return option;
    }

    private static void Bound(Option<string> option, int longest) => option.Validators.Add(result =>
    {
        if (result.Tokens is not [var text, ..]) return;
        if (text.Value.Trim().Length is var length && (length == 0 || length > longest) || text.Value.Any(char.IsControl))
            result.AddError($"{option.Name} takes one line of 1 to {longest} characters.");
    });
}

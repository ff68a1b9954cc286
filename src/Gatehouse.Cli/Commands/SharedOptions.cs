using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Gatehouse.Configuration;

namespace Gatehouse.Cli.Commands;

/// <summary>Options that several commands have, so that they read alike everywhere.</summary>
internal static class SharedOptions
{
    public const string DefaultDeclaration = "gatehouse.yaml";

    /// <param name="otherwise">The file when none is named.</param>
    public static Option<string> Declaration(string otherwise = DefaultDeclaration) => new Option<string>("--config", "-c")
    {
        Description = "The declaration to read.",
        HelpName = "FILE",
        DefaultValueFactory = _ => otherwise,
    }.OfFiles();

    /// <summary>Refuses an empty text, which names no file: a variable of a script that is not set.</summary>
    public static Option<T> OfFiles<T>(this Option<T> option)
    {
        option.Validators.Add(result => RefuseEmpty(result, option.Name));
        return option;
    }

    /// <summary>Refuses an empty text, which names no file: a variable of a script that is not set.</summary>
    public static Argument<T> OfFiles<T>(this Argument<T> argument)
    {
        argument.Validators.Add(result => RefuseEmpty(result, argument.Name));
        return argument;
    }

    public static Option<string?> Environment()
    {
        var option = new Option<string?>("--environment") { Description = "The environment whose file, environments/NAME.yaml beside the declaration, says where things are.", HelpName = "NAME" };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var name, ..] && !Shapes.IsName(name.Value))
                result.AddError($"'{Show.Bounded(name.Value)}' cannot be an environment: a name of lower-case letters, digits and hyphens.");
        });
        return option;
    }

    /// <summary>One of the forms in which a command can print; the first is the default.</summary>
    public static Option<string> Output(params string[] forms)
    {
        var option = new Option<string>("--output") { Description = "The form in which to print.", DefaultValueFactory = _ => forms[0] };
        option.AcceptOnlyFromAmong(forms);
        return option;
    }

    /// <param name="objection">Why a day cannot be taken, or null when it can.</param>
    public static Option<DateOnly?> Day(string name, string description, Func<DateOnly, string?> objection) => new(name)
    {
        Description = description,
        HelpName = "YYYY-MM-DD",
        CustomParser = result =>
        {
            var written = result.Tokens[0].Value;
            var isDay = DateOnly.TryParseExact(written, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day);
            if ((isDay ? objection(day) : $"'{written}' is not a date such as 2027-06-30.") is { } error) result.AddError(error);
            return day;
        },
    };

    private static void RefuseEmpty(SymbolResult result, string name)
    {
        if (result.Tokens.Any(t => string.IsNullOrWhiteSpace(t.Value))) result.AddError($"{name} is empty, and an empty text names no file.");
    }
}

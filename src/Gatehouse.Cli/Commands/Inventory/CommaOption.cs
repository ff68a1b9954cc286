using System.CommandLine;

namespace Gatehouse.Cli.Commands.Inventory;

/// <summary>An option whose value is a list with commas: <c>--effect write,action</c>. It may also be given several times.</summary>
internal static class CommaOption
{
    /// <param name="objection">Why a value cannot be taken, or null when it can.</param>
    /// <param name="otherwise">What the option means without a value; null when it needs one.</param>
    public static Option<string[]> Create(
        string name,
        string description,
        string helpName,
        Func<string, string?> objection,
        string[]? otherwise = null) => new(name)
        {
            Description = description,
            HelpName = helpName,
            Arity = new ArgumentArity(otherwise is null ? 1 : 0, 100),
            AllowMultipleArgumentsPerToken = false,
            CustomParser = result =>
            {
                if (result.Tokens.Count == 0) return otherwise;
                string[] values = [.. result.Tokens.SelectMany(t => t.Value.Split(',', StringSplitOptions.TrimEntries))];
                foreach (var value in values)
                    if (objection(value) is { } error) result.AddError(error);
                return values;
            },
        };

    /// <summary>An option that takes words of a closed list.</summary>
    public static Option<string[]> OfWords(string name, string description, IReadOnlyList<string> words, string[]? otherwise = null) =>
        Create(
            name,
            $"{description}: {string.Join(", ", words)}.",
            string.Join(',', words),
            word => words.Contains(word) ? null : $"'{Configuration.Show.Bounded(word)}' is not one of {string.Join(", ", words)}.",
            otherwise);
}

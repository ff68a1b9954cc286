using System.CommandLine;
using Gatehouse.Configuration;
using Gatehouse.Runtime;

namespace Gatehouse.Cli.Commands;

/// <summary>
/// What <c>run</c> is told of keeping the declaration in force. On the command line and not in the declaration, which has to be there when the
/// declaration cannot be read, and must not be in the hands of who can break it.
/// </summary>
internal sealed class LastGoodOptionSet
{
    private readonly Option<string?> _file = new Option<string?>("--last-good")
    {
        Description = "Keep the declaration in force, signed, in this file, and serve it at a start at which the declaration cannot be read.",
        HelpName = "FILE",
    }.OfFiles();

    private readonly Option<string?> _key = new("--last-good-key")
    {
        Description = "Where the key is that it is signed with: file:PATH or env:NAME, at least 32 bytes.",
        HelpName = "REFERENCE",
    };

    private readonly Option<TimeSpan> _age = new("--last-good-age")
    {
        Description = "For how long after it was last seen to be good it may be served; from 1m to 7d, 1h unless written.",
        HelpName = "TIME",
        DefaultValueFactory = _ => LastGoodOptions.UsualAge,
        CustomParser = result =>
        {
            var written = result.Tokens[0].Value;
            if (Units.TryReadDuration(written, out var age) && age >= LastGoodOptions.LeastAge && age <= LastGoodOptions.MostAge) return age;
            result.AddError($"'{Show.Bounded(written)}' is not a time such as 30m or 1h, from 1m to 7d.");
            return default;
        },
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_file);
        command.Options.Add(_key);
        command.Options.Add(_age);
        command.Validators.Add(result =>
        {
            var (file, key, age) = (result.GetResult(_file), result.GetResult(_key), result.GetResult(_age));
            if (file is null != key is null) result.AddError("'--last-good' and '--last-good-key' go together.");
            if (file is null && age is { Implicit: false }) result.AddError("'--last-good-age' needs '--last-good'.");
        });
    }

    public LastGoodOptions? Read(ParseResult parsed) =>
        parsed.GetValue(_file) is { } file && parsed.GetValue(_key) is { } key ? new LastGoodOptions(file, key, parsed.GetValue(_age)) : null;
}

using System.CommandLine;
using System.CommandLine.Parsing;
using Gatehouse.Audit;
using Gatehouse.Configuration;

namespace Gatehouse.Cli.Commands.Audit;

/// <summary>
/// Whom a command is about: records name people by HMACs under investigation keys, so that who names somebody needs the keys that are still held.
/// Each of them is tried.
/// </summary>
internal sealed class SubjectOptions
{
    private const int MostPeople = 100;
    private const int HmacDigits = 64;

    private readonly Option<string[]> _person = new("--person")
    {
        Description = "Calls made for this person: ISSUER:SUBJECT, the issuer by its name in the declaration; or as a record names a person.",
        HelpName = "PERSON",
        Arity = new ArgumentArity(1, MostPeople),
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<string[]> _about = new("--about")
    {
        Description = "Calls that touched data of this one, as in customer:17: the name that 'about' of a route has, and the value.",
        HelpName = "NAME:VALUE",
        Arity = new ArgumentArity(1, MostPeople),
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<string[]> _keys = new("--investigation-key")
    {
        Description = "Where an investigation key is, file:PATH or env:NAME; more than once for each that is still held.",
        HelpName = "REFERENCE",
        Arity = new ArgumentArity(1, MostPeople),
        AllowMultipleArgumentsPerToken = false,
    };

    public SubjectOptions()
    {
        _person.Validators.Add(result => Complain(result, "--person", "ISSUER:SUBJECT"));
        _about.Validators.Add(result => Complain(result, "--about", "NAME:VALUE"));
    }

    public void AddTo(Command command)
    {
        command.Options.Add(_person);
        command.Options.Add(_about);
        command.Options.Add(_keys);
        command.Validators.Add(result =>
        {
            var named = (result.GetValue(_person) ?? []).Any(p => !IsHmac(p)) || (result.GetValue(_about) ?? []).Any(p => !IsHmac(p));
            if (named && result.GetResult(_keys) is null) result.AddError("Who is named by name needs '--investigation-key': records name people by HMACs under it.");
        });
    }

    /// <summary>Whether somebody is named.</summary>
    public bool IsGiven(CommandResult result) => result.GetResult(_person) is not null || result.GetResult(_about) is not null;

    /// <summary>Who is meant, under each key; null where a key cannot be read, and then it has been said.</summary>
    public Subjects? Read(ParseResult parsed)
    {
        var keys = new List<InvestigationKey>();
        foreach (var reference in parsed.GetValue(_keys) ?? [])
        {
            if (CommandSecret.Read(reference, "investigation key", InvestigationKey.LeastBytes, parsed.InvocationConfiguration.Error) is not { } secret) return null;
            keys.Add(new InvestigationKey(secret.Bytes));
        }

        var subjects = new Subjects();
        foreach (var person in parsed.GetValue(_person) ?? [])
        {
            if (IsHmac(person)) subjects.AddPerson(person, person);
            else foreach (var key in keys) subjects.AddPerson(key.Person(Before(person), After(person)), person);
        }

        foreach (var about in parsed.GetValue(_about) ?? [])
        {
            if (IsHmac(about)) subjects.AddAbout(new AboutEntry(about.Split(':')[0], about.Split(':')[1], about.Split(':')[2]), about);
            else foreach (var key in keys) subjects.AddAbout(key.About(Before(about), After(about)), about);
        }

        return subjects;
    }

    private static void Complain(OptionResult result, string option, string form)
    {
        foreach (var token in result.Tokens)
            if (token.Value.IndexOf(':', StringComparison.Ordinal) is var at && (at <= 0 || at == token.Value.Length - 1))
                result.AddError($"'{option}' is {form}, and '{Show.Bounded(token.Value)}' is not.");
    }

    /// <summary>As a record has it: what was copied from one may be searched for without a key.</summary>
    private static bool IsHmac(string written) =>
        written.Split(':') is [_, .., var hmac] parts && parts.Length is 2 or 3 && hmac.Length == HmacDigits && hmac.All(char.IsAsciiHexDigitLower)
        && parts[^2].Length > 0 && parts[^2].All(char.IsAsciiHexDigitLower);

    private static string Before(string text) => text[..text.IndexOf(':', StringComparison.Ordinal)];

    private static string After(string text) => text[(text.IndexOf(':', StringComparison.Ordinal) + 1)..];
}

/// <summary>Who is meant, as records name them, and how they were written.</summary>
internal sealed class Subjects
{
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);

    public HashSet<string> Persons { get; } = new(StringComparer.Ordinal);

    public HashSet<string> About { get; } = new(StringComparer.Ordinal);

    /// <summary>As a record of this reading names them.</summary>
    public List<AboutEntry> Entries { get; } = [];

    public void AddPerson(string person, string name)
    {
        Persons.Add(person);
        _names[person] = name;
    }

    public void AddAbout(AboutEntry entry, string name)
    {
        About.Add(RecordWriter.Join(entry));
        Entries.Add(entry);
        _names[RecordWriter.Join(entry)] = name;
    }

    /// <summary>The name of who was asked for; of others what the record has.</summary>
    public string NameOf(string inRecord) => _names.GetValueOrDefault(inRecord, inRecord);
}

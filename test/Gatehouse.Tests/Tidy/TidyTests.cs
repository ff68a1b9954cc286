using System.Text.RegularExpressions;
using Gatehouse.Configuration;

namespace Gatehouse.Tests.Tidy;

/// <summary>The habits of the house that a machine can look at.</summary>
public sealed partial class TidyTests
{
    private const int LongestFile = 400;
    private const int LongestMethod = 60;
    private const int LongestLine = 150;

    /// <summary>Files that may break a habit, each with its reason.</summary>
    private static readonly Dictionary<string, string> Excused = [];

    [Fact]
    public void Files_are_one_idea()
    {
        var long_ = SourceTree.CSharp().Where(f => !Excused.ContainsKey(f)).Select(f => (File: f, Lines: SourceTree.Read(f).Count(c => c == '\n')))
            .Where(f => f.Lines > LongestFile);
        Assert.Empty(long_);
    }

    [Fact]
    public void Lines_fit_on_a_screen()
    {
        var long_ = from file in SourceTree.CSharp()
                    from line in SourceTree.Read(file).Split('\n').Select((text, i) => (Text: text.TrimEnd('\r'), Number: i + 1))
                    where line.Text.Length > LongestLine && !LongText().IsMatch(line.Text)
                    select $"{file}:{line.Number} has {line.Text.Length} characters";
        Assert.Empty(long_);
    }

    [Fact]
    public void Methods_fit_on_a_page()
    {
        var long_ = from file in SourceTree.CSharp()
                    where file.StartsWith("src", StringComparison.Ordinal)
                    from method in Methods(SourceTree.Read(file))
                    where method.Lines > LongestMethod
                    select $"{file}: {method.Name} has {method.Lines} lines";
        Assert.Empty(long_);
    }

    [Fact]
    public void Nothing_is_left_for_later()
    {
        var unfinished = from file in SourceTree.CSharp()
                         where !file.EndsWith("TidyTests.cs", StringComparison.Ordinal)
                         from Match match in Unfinished().Matches(SourceTree.Read(file))
                         select $"{file}: {match.Value}";
        Assert.Empty(unfinished);
    }

    [Fact]
    public void Types_are_named_for_what_they_are()
    {
        var types = typeof(Place).Assembly.GetTypes()
            .Where(t => t.Namespace?.StartsWith("Gatehouse", StringComparison.Ordinal) == true && !t.Name.Contains('<', StringComparison.Ordinal));
        Assert.Empty(types.Where(t => JobTitle().IsMatch(t.Name.Split('`')[0])).Select(t => t.FullName));
    }

    [Fact]
    public void Classes_are_sealed_or_meant_to_be_inherited()
    {
        var types = typeof(Place).Assembly.GetTypes();
        var open = types.Where(t =>
            t is { IsClass: true, IsSealed: false, IsAbstract: false } && t.Namespace?.StartsWith("Gatehouse", StringComparison.Ordinal) == true
            && !types.Any(other => Inherits(other, t)));
        Assert.Empty(open.Select(t => t.FullName));
    }

    [Fact]
    public void Interfaces_have_two_implementations_or_an_outside_owner()
    {
        var types = typeof(Place).Assembly.GetTypes();
        var lonely = types.Where(t => t.IsInterface && t.Namespace?.StartsWith("Gatehouse", StringComparison.Ordinal) == true
            && types.Count(o => !o.IsInterface && t.IsAssignableFrom(o)) < 2);
        Assert.Empty(lonely.Select(t => t.FullName));
    }

    [Fact]
    public void Every_room_says_what_it_is()
    {
        var source = Path.Combine(SourceTree.Root, "src", "Gatehouse");
        var rooms = Directory.GetDirectories(source).Where(d => Path.GetFileName(d) is not ("bin" or "obj"))
            .Concat(Directory.GetDirectories(Path.Combine(source, "Policies")));
        foreach (var room in rooms)
        {
            var readme = Path.Combine(room, "README.md");
            Assert.True(File.Exists(readme), $"{Path.GetRelativePath(SourceTree.Root, room)} has no README.md");
            Assert.InRange(File.ReadAllLines(readme).Length, 3, 20);
        }
    }

    [Fact]
    public void Links_lead_to_files_that_exist()
    {
        var dead = from page in SourceTree.Files("*.md").Append("README.md")
                   from Match link in Link().Matches(SourceTree.Read(page))
                   let target = link.Groups["target"].Value
                   where !target.Contains("://", StringComparison.Ordinal)
                       && !Path.Exists(Path.Combine(SourceTree.Root, Path.GetDirectoryName(page)!, target))
                   select $"{page}: {target}";
        Assert.Empty(dead);
    }

    [Fact]
    public void Rule_ids_are_given_once()
    {
        var ids = typeof(Rules).GetFields().Select(f => ((Rule)f.GetValue(null)!).Id).ToList();
        Assert.NotEmpty(ids);
        Assert.Equal(ids.Count, ids.Distinct().Count());
    }

    private static bool Inherits(Type type, Type parent)
    {
        for (var t = type.BaseType; t is not null; t = t.BaseType)
            if ((t.IsGenericType ? t.GetGenericTypeDefinition() : t) == parent) return true;
        return false;
    }

    /// <summary>
    /// Methods by indentation: a line at the depth of a member that opens a parameter list, up to the closing brace at the same depth.
    /// </summary>
    private static IEnumerable<(string Name, int Lines)> Methods(string text)
    {
        var lines = text.Split('\n');
        for (var i = 0; i + 1 < lines.Length; i++)
        {
            var head = MethodHead().Match(lines[i]);
            if (!head.Success || lines[i + 1].Trim() != "{") continue;
            var end = Array.FindIndex(lines, i, l => l.TrimEnd() == head.Groups["indent"].Value + "}");
            if (end > i) yield return (head.Groups["name"].Value, end - i - 2);
        }
    }

    [GeneratedRegex(@"^(?<indent> {4,8})(public|internal|private|protected|static)\b.*?(?<name>\w+)(<[^(]*>)?\(")]
    private static partial Regex MethodHead();

    [GeneratedRegex(@"TODO|FIXME|HACK|NotImplementedException|Thread\.Sleep|Task\.Delay\(\d|Skip *= *""")]
    private static partial Regex Unfinished();

    /// <summary>A link of Markdown to something else than a place in its own page.</summary>
    [GeneratedRegex(@"\]\((?<target>[^)#\s]+)[^)]*\)")]
    private static partial Regex Link();

    /// <summary>A text that is kept in one piece, so that who searches for it finds it.</summary>
    [GeneratedRegex("\"[^\"]{60,}")]
    private static partial Regex LongText();

    [GeneratedRegex("(Manager|Helper|Helpers|Utils|Util|Common|Creator|Processor|Impl)$")]
    private static partial Regex JobTitle();
}

using Gatehouse.Configuration;

namespace Gatehouse.Policies.Adapt;

/// <summary>Reads changes of header fields and refuses those that an adaptation may not make.</summary>
internal static class HeaderChangesShape
{
    private const int Most = 50;
    private const string NamePattern = "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$";
    private const string NameKind = "header field's name";

    public static Section<HeaderChanges> For(string section, ReservedHeaders reserved)
    {
        var name = Shapes.Parsed<string>("a header field's name", NamePattern, (ScalarNode node, out string value) => IsName(value = node.Text));
        var literal = Shapes.Parsed<string>("a header field's value of 1 to 1000 printable ASCII characters, without blanks at its ends",
            "^[!-~]([ -~]{0,998}[!-~])?$",
            (ScalarNode node, out string value) => IsValue(value = node.Text));
        var set = new Key<IReadOnlyList<Named<string>>>("set", Shapes.Map(literal, Most, NameKind, IsName, NamePattern),
            "Fields and the one value that each has afterwards.");
        var add = new Key<IReadOnlyList<Named<string>>>("add", Shapes.Map(literal, Most, NameKind, IsName, NamePattern),
            "Fields and a value that each has in addition.");
        var remove = new Key<IReadOnlyList<string>>("remove", Shapes.List(name, 1, Most), "Fields that are taken away.");
        var rename = new Key<IReadOnlyList<Named<string>>>("rename", Shapes.Map(name, Most, NameKind, IsName, NamePattern),
            "Fields and the name that each has afterwards.");
        return new Section<HeaderChanges>(section, [remove, rename, set, add], reader =>
        {
            var changes = new HeaderChanges(
                reader.Get(remove, []),
                [.. reader.Get(rename, []).Select(r => new HeaderRename(r.Name, r.Value))],
                [.. reader.Get(set, []).Select(s => new HeaderValue(s.Name, s.Value))],
                [.. reader.Get(add, []).Select(a => new HeaderValue(a.Name, a.Value))]);
            var check = new ChangeCheck(reader, reserved);
            check.Names(remove, changes.Remove, removes: true);
            check.Names(rename, changes.Rename.Select(r => r.From));
            check.Names(rename, changes.Rename.Select(r => r.To));
            check.Targets(rename, changes.Rename.Select(r => r.To));
            check.Names(set, changes.Set.Select(s => s.Name));
            check.Names(add, changes.Add.Select(a => a.Name));
            return changes;
        });
    }

    private static bool IsName(string text)
    {
        if (text.Length is 0 or > 100) return false;
        foreach (var c in text)
            if (!char.IsAsciiLetterOrDigit(c) && !"!#$%&'*+.^_`|~-".Contains(c)) return false;
        return true;
    }

    private static bool IsValue(string text)
    {
        if (text.Length is 0 or > 1000 || text[0] == ' ' || text[^1] == ' ') return false;
        foreach (var c in text)
            if (c is < ' ' or > '~') return false;
        return true;
    }

    private sealed class ChangeCheck(SectionReader reader, ReservedHeaders reserved)
    {
        public void Targets(Key key, IEnumerable<string> names)
        {
            foreach (var name in names)
                if (reserved.Find(name) is null && reserved.Guarded(name) is { } why)
                    reader.Complain(
                        Rules.Adaptation, key, $"'{name}' {why}: no other field is renamed to it", "a value of the declaration's own may be 'set'");
        }

        public void Names(Key key, IEnumerable<string> names, bool removes = false)
        {
            var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            foreach (var name in names)
            {
                if (!seen.Add(name))
                    reader.Complain(Rules.DuplicateKey, key, $"'{key.Name}' has the field '{name}' twice",
                        "the case of letters does not matter in a field's name");
                if (reserved.Find(name) is { } reservation && !(removes && reservation.MayBeRemoved))
                    reader.Complain(Rules.Adaptation, key, $"'{name}' {reservation.Reason}: it is not adapted",
                        reservation.MayBeRemoved ? "it may only stand in 'remove'" : null);
            }
        }
    }
}

using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.Configuration;

namespace Gatehouse.Declaration;

/// <summary>
/// Where a secret is: <c>file:PATH</c> or <c>env:NAME</c>. What stands there instead may be the secret itself, so it is never repeated in a finding.
/// </summary>
internal static class SecretReference
{
    private const string InFile = "file:";
    private const string InEnvironment = "env:";
    private const int Longest = 999;

    public static Shape<string> Shape { get; } = new ReferenceShape();

    /// <summary>The same text for the same secret, from whichever file it is named.</summary>
    public static string From(string file, string reference) => reference.StartsWith(InFile, StringComparison.Ordinal)
        ? OfFile(SourceFiles.Beside(file, reference[InFile.Length..]))
        : reference;

    public static string OfFile(string path) => InFile + SourceFiles.Plain(path);

    /// <summary>The secret, without line ends behind it; null when it cannot be had, and then a finding says why.</summary>
    public static Secret? Resolve(Located<string> reference, string what, int leastBytes, NamedFiles files)
    {
        var bytes = reference.Value.StartsWith(InFile, StringComparison.Ordinal)
            ? files.Read(new Located<string>(reference.Value[InFile.Length..], reference.Place), what, secret: true)?.Bytes
            : FromEnvironment(reference, what, files);
        if (bytes is null) return null;
        var end = bytes.Length;
        while (end > 0 && bytes[end - 1] is (byte)'\n' or (byte)'\r') end--;
        if (end >= leastBytes) return new Secret(reference.Value, bytes[..end]);
        files.Findings.Add(
            Rules.InlineSecret, reference.Place, leastBytes == 1 ? $"the {what} is empty" : $"the {what} is shorter than {leastBytes} bytes",
            leastBytes == 1 ? null : "make one with: gatehouse key init FILE");
        return null;
    }

    private static byte[]? FromEnvironment(Located<string> reference, string what, NamedFiles files)
    {
        if (!files.MayName(reference.Value, reference.Place, what)) return null;
        var name = reference.Value[InEnvironment.Length..];
        if (files.Source.Variable(name) is { Length: > 0 } value)
        {
            var bytes = Encoding.UTF8.GetBytes(value);
            files.Remember(reference.Value, bytes);
            return bytes;
        }

        files.Findings.Add(Rules.NoFile, reference.Place, $"the {what} is in the variable {Show.Bounded(name)}, which is not set");
        return null;
    }

    private sealed class ReferenceShape : Shape<string>
    {
        public override bool TryRead(Node node, Findings findings, out string value)
        {
            value = node is ScalarNode scalar ? scalar.Text : "";
            if (value.Length <= Longest && !value.AsSpan().ContainsAnyInRange('\0', '\u001f')
                && ((value.Length > InFile.Length && value.StartsWith(InFile, StringComparison.Ordinal))
                    || (value.StartsWith(InEnvironment, StringComparison.Ordinal) && IsVariable(value[InEnvironment.Length..]))))
                return true;
            findings.Add(Rules.InlineSecret, node.Place, "a secret is named, never written here", "write file:PATH or env:NAME");
            return false;
        }

        public override JsonObject ToSchema(SchemaWriter schema) => new()
        {
            ["type"] = "string",
            ["pattern"] = "^(file:.+|env:[A-Za-z_][A-Za-z0-9_]*)$",
            ["maxLength"] = Longest,
        };

        private static bool IsVariable(string name) =>
            name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
    }
}

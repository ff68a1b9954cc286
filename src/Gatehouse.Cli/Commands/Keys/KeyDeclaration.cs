using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Declaration;
using Gatehouse.Declaration.Sections;
using Gatehouse.Runtime;

namespace Gatehouse.Cli.Commands.Keys;

/// <summary>
/// The part of a declaration that is about API keys, read leniently: a key has to exist before the declaration that holds it can be complete, so
/// nothing else has to be there or to be right. What is read here is never served.
/// </summary>
internal sealed class KeyDeclaration
{
    private const int MostFiles = 1000;

    private readonly List<DeclaredConsumer> _consumers = [];
    private readonly List<DeclaredKey> _keys = [];

    private readonly SourceFiles _files = SourceFiles.OnDisk();
    private readonly List<Finding> _wrong = [];
    private Node? _pepper;

    public IReadOnlyList<DeclaredConsumer> Consumers => _consumers;

    public IReadOnlyList<DeclaredKey> Keys => _keys;

    /// <summary>Whether there are keys elsewhere too.</summary>
    public bool HasRegister { get; private set; }

    /// <summary>What is wrong with the keys: a declaration with such a key is not served.</summary>
    public IReadOnlyList<Finding> Wrong => _wrong;

    /// <summary>Reads a declaration and what it includes; null when a file cannot be read as YAML, which has then been said.</summary>
    public static KeyDeclaration? Read(string path, TextWriter error)
    {
        var declaration = new KeyDeclaration();
        var findings = new Findings();
        try
        {
            declaration.ReadFiles(path, findings);
        }
        catch (Exception e) when (LoadedDeclaration.IsUnforeseen(e))
        {
            LoadedDeclaration.SayUnforeseen(e, path, findings);
        }

        foreach (var finding in findings.InOrder().Where(f => f.IsError)) error.WriteLine(finding);
        return findings.HasErrors ? null : declaration;
    }

    /// <summary>The secret under which keys are hashed; null when it cannot be had, and then <paramref name="error"/> says why.</summary>
    public Secret? ResolvePepper(string path, DateTimeOffset now, TextWriter error)
    {
        var findings = new Findings();
        Secret? pepper = null;
        if (_pepper is null)
            findings.Add(Rules.MissingKey, new Place(path, 1, 1), "a key needs 'keys' with a 'pepper'",
                "gatehouse key init FILE, then keys: { pepper: \"file:FILE\" }");
        else if (SecretReference.Shape.TryRead(_pepper, findings, out var reference))
            pepper = SecretReference.Resolve(
                new Located<string>(reference, _pepper.Place), "pepper", ApiKeyHash.LeastPepperBytes, new NamedFiles(_files, findings, now));
        foreach (var finding in findings.InOrder()) error.WriteLine(finding);
        return pepper;
    }

    private void ReadFiles(string path, Findings findings)
    {
        var waiting = new Queue<(string Path, Place From)>([(path, new Place(path, 1, 1))]);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (waiting.TryDequeue(out var next) && seen.Count < MostFiles)
        {
            if (!seen.Add(Path.GetFullPath(next.Path))) continue;
            if (!_files.TryRead(next.Path, out var bytes, out var why))
            {
                findings.Add(Rules.NoFile, next.From, $"{Show.Bounded(next.Path)}: {why}");
                continue;
            }

            if (YamlReader.Read(next.Path, Encoding.UTF8.GetString(bytes), findings) is not MapNode root) continue;
            HasRegister |= root["register"] is not null;
            _pepper ??= (root["keys"] as MapNode)?["pepper"];
            foreach (var consumer in (root["consumers"] as MapNode)?.Entries ?? []) ReadConsumer(consumer);
            foreach (var include in (root["include"] as ListNode)?.Items ?? [])
                if ((include as MapNode)?["file"] is ScalarNode { IsNothing: false, Text.Length: > 0 } file)
                    waiting.Enqueue((SourceFiles.Beside(next.Path, file.Text), file.Place));
        }
    }

    private void ReadConsumer(MapEntry consumer)
    {
        _consumers.Add(new DeclaredConsumer(consumer.Key, consumer.KeyPlace));
        foreach (var entry in ((consumer.Value as MapNode)?["authenticate"] as ListNode)?.Items ?? [])
        {
            if ((entry as MapNode)?["apiKey"] is MapNode key && key["id"] is ScalarNode id)
                _keys.Add(ReadKey(id.Text, consumer.Key, key));
        }
    }

    private DeclaredKey ReadKey(string id, string consumer, MapNode key)
    {
        var wrong = new Findings();
        ApiKeySection.Shape.TryRead(key, wrong, out _);
        _wrong.AddRange(wrong.InOrder());
        return new DeclaredKey(id, consumer, Day(key["expires"]), Day(key["revoked"]), key.Place) { IsReadable = !wrong.HasErrors };
    }

    private static DateOnly? Day(Node? node) => node is not null && Shapes.Date().TryRead(node, new Findings(), out var day) ? day : null;
}

internal sealed record DeclaredConsumer(string Name, Place Place);

/// <param name="Expires">The first day (UTC) on which the key is no longer accepted; null when the declaration does not say it in a form that can be
/// read.</param>
/// <param name="Revoked">The first day (UTC) of its revocation; null when there is none, or none that can be read.</param>
internal sealed record DeclaredKey(string Id, string Consumer, DateOnly? Expires, DateOnly? Revoked, Place Place)
{
    /// <summary>Whether the reader takes the key as it is written.</summary>
    public required bool IsReadable { get; init; }

    public string StateAt(DateTimeOffset now)
    {
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        if (!IsReadable) return "unreadable";
        if (Revoked <= today) return "revoked";
        return Expires <= today ? "expired" : Expires <= today.AddDays(30) ? "expires soon" : "live";
    }
}

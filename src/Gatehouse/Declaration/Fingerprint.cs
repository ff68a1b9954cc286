using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Gatehouse.Configuration;

namespace Gatehouse.Declaration;

/// <summary>
/// SHA-256 over the canonical form of a declaration: its nodes after includes, the entries of maps in the order of their names, and the digests of
/// the files and secrets that it names. Comments, order of keys and the way in which a value is quoted make no difference.
/// </summary>
internal sealed class Fingerprint : IDisposable
{
    private static readonly string[] Merged = ["apis", "consumers", "upstreams"];

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    private Fingerprint()
    {
    }

    /// <summary>The fingerprint in lower-case hex.</summary>
    public static string Of(IReadOnlyList<WrittenFile> files, IReadOnlyDictionary<string, string> contents)
    {
        using var fingerprint = new Fingerprint();
        fingerprint.Take(Merge(files));
        foreach (var (origin, digest) in contents)
        {
            fingerprint.Take('f', origin);
            fingerprint.Take('d', digest);
        }

        return Convert.ToHexStringLower(fingerprint._hash.GetHashAndReset());
    }

    public void Dispose() => _hash.Dispose();

    /// <summary>Where an api is written, in the declaration's own file or in an included one, does not change what it means.</summary>
    private static MapNode Merge(IReadOnlyList<WrittenFile> files)
    {
        var main = files[0].Node;
        var entries = main.Entries.Where(e => e.Key != "include" && !Merged.Contains(e.Key)).ToList();
        foreach (var name in Merged)
        {
            var all = files.Select(f => f.Node[name]).OfType<MapNode>().SelectMany(m => m.Entries).ToList();
            if (all.Count > 0) entries.Add(new MapEntry(name, main.Place, new MapNode(main.Place, all)));
        }

        return new MapNode(main.Place, entries);
    }

    private void Take(Node node)
    {
        switch (node)
        {
            case ScalarNode scalar:
                Take('s', scalar.Text);
                break;
            case ListNode list:
                Take('l', list.Items.Count);
                foreach (var item in list.Items) Take(item);
                break;
            case MapNode map:
                Take('m', map.Entries.Count);
                foreach (var entry in map.Entries.OrderBy(e => e.Key, StringComparer.Ordinal))
                {
                    Take('k', entry.Key);
                    Take(entry.Value);
                }

                break;
        }
    }

    /// <summary>The length goes first, so that no two declarations have the same bytes.</summary>
    private void Take(char kind, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Take(kind, bytes.Length);
        _hash.AppendData(bytes);
    }

    private void Take(char kind, int count)
    {
        Span<byte> head = stackalloc byte[5];
        head[0] = (byte)kind;
        BinaryPrimitives.WriteInt32BigEndian(head[1..], count);
        _hash.AppendData(head);
    }
}

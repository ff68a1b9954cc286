using System.Net;
using System.Security.Cryptography;
using System.Text;
using Gatehouse.Telemetry;

namespace Gatehouse.Audit;

/// <summary>
/// Writes a record in its canonical form, but for its place in the chain, which only the trail's thread knows; and beside it what is personal. One
/// for each thread, used again: what it has written is valid until the same thread writes another.
/// </summary>
internal sealed class RecordWriter
{
    /// <summary>Details of one record; further ones are left out.</summary>
    public const int MostDetails = 16;

    /// <summary>Entries of <c>about</c> of one record; further ones are left out.</summary>
    public const int MostAbout = 62;

    /// <summary>Bytes of the salt of a personal value.</summary>
    public const int SaltBytes = 16;

    private const int LongestName = 128;
    private const int LongestText = 256;
    private const int LongestReason = 500;
    /// <summary>Characters of a value of its own, a personal one or a detail.</summary>
    public const int LongestValue = 512;

    [ThreadStatic]
    private static RecordWriter? _ofThread;

    private readonly CanonicalText _line = new(2048);
    private readonly CanonicalText _personal = new(1024);
    private readonly byte[] _salts = new byte[64 * SaltBytes];
    private int _saltsUsed = 64 * SaltBytes;

    private RecordWriter()
    {
    }

    /// <summary>The record from <c>"time"</c> on, without the brace that ends it.</summary>
    public ReadOnlySpan<byte> Body => _line.Bytes;

    /// <summary>What is personal, with its salts, as JSON; empty for nothing.</summary>
    public ReadOnlySpan<byte> Personal => _personal.Bytes;

    /// <summary>This thread's writer, with the record written.</summary>
    public static RecordWriter Write(AuditRecord record)
    {
        var writer = _ofThread ??= new RecordWriter();
        writer._line.Clear();
        writer._personal.Clear();
        writer.WriteFields(record);
        return writer;
    }

    /// <summary>
    /// The digest by which a record holds a personal value: SHA-256 over the salt, the field's name, a zero and the value in UTF-8.
    /// </summary>
    public static void Commit(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> field, ReadOnlySpan<char> value, Span<byte> digest)
    {
        Span<byte> all = stackalloc byte[SaltBytes + 16 + 3 * (LongestValue + 1)];
        salt.CopyTo(all);
        field.CopyTo(all[salt.Length..]);
        var length = salt.Length + field.Length;
        all[length++] = 0;
        length += Encoding.UTF8.GetBytes(value, all[length..]);
        SHA256.HashData(all[..length], digest);
    }

    /// <summary>The form in which an entry of <c>about</c> is one value: name, key and HMAC with colons between.</summary>
    public static string Join(AboutEntry entry) => $"{Cut(entry.Name, 64)}:{Cut(entry.Key, 64)}:{Cut(entry.Hmac, 128)}";

    private static string Cut(string text, int longest) => text.Length <= longest ? text : TextCut.At(text, longest).ToString();

    private void WriteFields(AuditRecord record)
    {
        _line.Name("time"u8);
        _line.Time(record.Time);
        _line.Name("kind"u8);
        Word(AuditWords.Bytes(record.Kind));
        if (record.Decision != AuditDecision.None) Text("decision"u8, AuditWords.Of(record.Decision), LongestName);
        if (record.Outcome != AuditOutcome.None)
        {
            _line.Name("outcome"u8);
            Word(AuditWords.Bytes(record.Outcome));
        }

        Text("requestId"u8, record.RequestId, LongestName);
        Text("traceId"u8, record.TraceId, LongestName);
        Text("intent"u8, record.Intent, LongestName);
        Text("listener"u8, record.Listener, LongestName);
        Text("consumer"u8, record.Consumer, LongestName);
        Text("consumerKind"u8, record.ConsumerKind, LongestName);
        Text("credentialKind"u8, record.CredentialKind, LongestName);
        Text("credentialId"u8, record.CredentialId, LongestName);
        WritePersonal(record);
        Text("actor"u8, record.Actor, LongestText);
        Text("route"u8, record.Route, LongestName);
        Text("api"u8, record.Api, LongestName);
        Text("method"u8, record.Method, LongestName);
        Text("path"u8, record.Path, LongestText);
        Text("parameters"u8, record.Parameters, LongestName);
        Text("decidedBy"u8, record.DecidedBy, LongestName);
        Text("problem"u8, record.Problem, LongestName);
        Number("status"u8, record.Status);
        Text("destination"u8, record.Destination, LongestText);
        Text("who"u8, record.Who, LongestText);
        Text("reason"u8, record.Reason, LongestReason);
        Number("first"u8, record.First);
        Number("last"u8, record.Last);
        WriteDetails(record.Details);
        Number("revision"u8, record.Revision);
        Text("fingerprint"u8, record.Fingerprint, LongestName);
    }

    private void WritePersonal(AuditRecord record)
    {
        if (record.Person is null && record.Client is null && record.About.Count == 0) return;
        var about = Math.Min(record.About.Count, MostAbout);
        var salts = Salts(2 + about);
        _personal.Raw((byte)'{');
        if (record.Person is { } person) Seal("person"u8, salts[..SaltBytes], TextCut.At(person, LongestText));
        if (record.Client is { } client) Seal("client"u8, salts.Slice(SaltBytes, SaltBytes), client);
        if (about > 0)
        {
            _line.Name("about"u8);
            _personal.Name("about"u8);
            for (var i = 0; i < about; i++)
            {
                _line.Raw(i == 0 ? (byte)'[' : (byte)',');
                _personal.Raw(i == 0 ? (byte)'[' : (byte)',');
                Seal("about"u8, salts.Slice((2 + i) * SaltBytes, SaltBytes), Join(record.About[i]).AsSpan(), named: false);
            }

            _line.Raw((byte)']');
            _personal.Raw((byte)']');
        }

        _personal.Raw((byte)'}');
        salts.Clear(); // kept nowhere but beside the record
    }

    /// <summary>Salts that nobody has had: the system is asked for many at once, because asking costs as much as a dozen of them.</summary>
    private Span<byte> Salts(int count)
    {
        if (_saltsUsed + count * SaltBytes > _salts.Length)
        {
            RandomNumberGenerator.Fill(_salts);
            _saltsUsed = 0;
        }

        var salts = _salts.AsSpan(_saltsUsed, count * SaltBytes);
        _saltsUsed += salts.Length;
        return salts;
    }

    private void Seal(ReadOnlySpan<byte> field, ReadOnlySpan<byte> salt, IPAddress address)
    {
        Span<char> text = stackalloc char[64];
        if (address.TryFormat(text, out var length)) Seal(field, salt, text[..length]);
    }

    /// <summary>The digest into the record, the salt and the value beside it.</summary>
    private void Seal(ReadOnlySpan<byte> field, ReadOnlySpan<byte> salt, ReadOnlySpan<char> value, bool named = true)
    {
        Span<byte> digest = stackalloc byte[32];
        Commit(salt, field, value, digest);
        if (named)
        {
            _line.Name(field);
            _personal.Name(field);
        }

        _line.Hex(digest);
        _personal.Raw((byte)'[');
        _personal.Hex(salt);
        _personal.Raw((byte)',');
        _personal.Text(value, LongestValue);
        _personal.Raw((byte)']');
    }

    private void WriteDetails(IReadOnlyList<AuditDetail> details)
    {
        if (details.Count == 0) return;
        _line.Name("details"u8);
        _line.Raw((byte)'[');
        for (var i = 0; i < details.Count && i < MostDetails; i++)
        {
            if (i > 0) _line.Raw((byte)',');
            _line.Raw((byte)'[');
            _line.Text(details[i].Name, LongestName);
            _line.Raw((byte)',');
            _line.Text(details[i].Value, LongestValue);
            _line.Raw((byte)']');
        }

        _line.Raw((byte)']');
    }

    private void Text(ReadOnlySpan<byte> name, string? value, int longest)
    {
        if (value is null) return;
        _line.Name(name);
        _line.Text(value, longest);
    }

    /// <summary>Nothing is written for 0.</summary>
    private void Number(ReadOnlySpan<byte> name, long value)
    {
        if (value == 0) return;
        _line.Name(name);
        _line.Number(value);
    }

    private void Word(ReadOnlySpan<byte> word)
    {
        _line.Raw((byte)'"');
        _line.Raw(word);
        _line.Raw((byte)'"');
    }
}

using System.Buffers.Binary;
using System.Text;

namespace Gatehouse.TestKit;

/// <summary>A message of Protocol Buffers as it stands on the wire, read without its definition: fields by number, in the order written.</summary>
internal sealed class ProtoMessage
{
    private readonly List<(int Field, ulong Number, byte[] Bytes)> _fields = [];

    private ProtoMessage()
    {
    }

    /// <exception cref="FormatException">These bytes are no message.</exception>
    public static ProtoMessage Parse(ReadOnlySpan<byte> bytes)
    {
        var message = new ProtoMessage();
        while (!bytes.IsEmpty)
        {
            var tag = Varint(ref bytes);
            var field = (int)(tag >> 3);
            if (field == 0) throw new FormatException("field 0");
            switch (tag & 7)
            {
                case 0:
                    message._fields.Add((field, Varint(ref bytes), []));
                    break;
                case 1:
                    message._fields.Add((field, BinaryPrimitives.ReadUInt64LittleEndian(Take(ref bytes, 8)), []));
                    break;
                case 2:
                    message._fields.Add((field, 0, Take(ref bytes, Varint(ref bytes)).ToArray()));
                    break;
                case 5:
                    message._fields.Add((field, BinaryPrimitives.ReadUInt32LittleEndian(Take(ref bytes, 4)), []));
                    break;
                default:
                    throw new FormatException($"wire type {tag & 7}");
            }
        }

        return message;
    }

    public bool Has(int field) => _fields.Exists(f => f.Field == field);

    public ulong Number(int field) => _fields.Find(f => f.Field == field).Number;

    public double Double(int field) => BitConverter.UInt64BitsToDouble(Number(field));

    public byte[] Bytes(int field) => _fields.Find(f => f.Field == field).Bytes ?? [];

    public string Text(int field) => new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Bytes(field));

    public string Hex(int field) => Convert.ToHexStringLower(Bytes(field));

    public IEnumerable<ProtoMessage> Messages(int field) => _fields.Where(f => f.Field == field).Select(f => Parse(f.Bytes));

    public ProtoMessage Message(int field) => Messages(field).First();

    /// <summary>Attributes of OpenTelemetry: texts, whole numbers and truths, as texts.</summary>
    public Dictionary<string, string> Attributes(int field) =>
        Messages(field).ToDictionary(a => a.Text(1), a => Any(a.Message(2)), StringComparer.Ordinal);

    private static string Any(ProtoMessage value) =>
        value.Has(3) ? $"{(long)value.Number(3)}" : value.Has(2) ? value.Number(2) == 1 ? "true" : "false" : value.Text(1);

    private static ulong Varint(ref ReadOnlySpan<byte> bytes)
    {
        var value = 0ul;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var octet = Take(ref bytes, 1)[0];
            value |= (ulong)(octet & 0x7f) << shift;
            if (octet < 0x80) return value;
        }

        throw new FormatException("a varint without end");
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> bytes, ulong count)
    {
        if ((ulong)bytes.Length < count) throw new FormatException("a field is longer than what is there");
        var taken = bytes[..(int)count];
        bytes = bytes[(int)count..];
        return taken;
    }
}

namespace Gatehouse.Telemetry.Otlp;

/// <summary>
/// What stands around the records of every request. The three signals have one form: a request of one resource, with one scope, with records. Only
/// what is in a record differs.
/// </summary>
internal static class OtlpResource
{
    private const int Longest = 2 * 1024;

    /// <summary>Who tells, by OpenTelemetry's semantic conventions: the field 1 of a resource's message, with its tag and length.</summary>
    public static byte[] Of(string gateway, string environment, string instance, string? version)
    {
        var buffer = new ProtoBuffer(Longest);
        var resource = buffer.Open(1);
        buffer.Attribute(1, "service.name"u8, gateway);
        buffer.Attribute(1, "service.instance.id"u8, instance);
        if (version is not null) buffer.Attribute(1, "service.version"u8, version);
        buffer.Attribute(1, "deployment.environment.name"u8, environment);
        buffer.Attribute(1, "telemetry.sdk.name"u8, "gatehouse");
        buffer.Attribute(1, "telemetry.sdk.language"u8, "dotnet");
        buffer.Close(resource);
        return buffer.Written.ToArray();
    }

    /// <summary>Writes a whole request around records.</summary>
    /// <returns>Its length.</returns>
    public static int Wrap(ReadOnlySpan<byte> resource, ReadOnlySpan<byte> records, Span<byte> request)
    {
        // the scope, then the records: field 2 of the resource's message
        var scope = Scope;
        var inner = scope.Length + records.Length;
        var at = 0;
        at += Head(request[at..], resource.Length + LengthOf(inner) + inner, 0x0a); // field 1: one resource
        resource.CopyTo(request[at..]);
        at += resource.Length;
        at += Head(request[at..], inner, 0x12); // field 2: one scope
        scope.CopyTo(request[at..]);
        at += scope.Length;
        records.CopyTo(request[at..]);
        return at + records.Length;
    }

    /// <summary>Field 1 of the scope's message: <c>name: "gatehouse"</c>.</summary>
    private static ReadOnlySpan<byte> Scope => "\n\u000b\n\u0009gatehouse"u8;

    /// <summary>A tag of one byte, and a length.</summary>
    private static int Head(Span<byte> to, int length, byte tag)
    {
        to[0] = tag;
        var at = 1;
        for (var rest = (uint)length; ; rest >>= 7)
        {
            to[at++] = (byte)(rest >= 0x80 ? rest | 0x80 : rest);
            if (rest < 0x80) return at;
        }
    }

    private static int LengthOf(int length)
    {
        var bytes = 2;
        for (var rest = (uint)length; rest >= 0x80; rest >>= 7) bytes++;
        return bytes;
    }
}

using System.Buffers;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Policies.Body;

/// <summary>Looks through a body that says it is JSON, wherever it lies, before anybody else reads it.</summary>
internal static class JsonCheck
{
    private const int Block = 64 * 1024;

    /// <summary>
    /// Whether a body with these <c>Content-Type</c> fields may be read as JSON: <c>application/json</c>, <c>text/json</c> and types that end in
    /// <c>+json</c> (RFC 6839 section 3.1). Where there are several, one is enough.
    /// </summary>
    public static bool IsJson(StringValues contentType)
    {
        foreach (var value in contentType)
        {
            var text = value.AsSpan();
            foreach (var part in text.Split(','))
            {
                var type = text[part];
                var end = type.IndexOf(';');
                type = (end < 0 ? type : type[..end]).Trim(" \t");
                if (type.EndsWith("/json", StringComparison.OrdinalIgnoreCase)) return true;
                if (type.EndsWith("+json", StringComparison.OrdinalIgnoreCase)) return true;
            }
        }

        return false;
    }

    public static JsonFault? Of(ReadOnlySpan<byte> bytes, JsonLimits limits)
    {
        using var walk = new JsonWalk(limits);
        return walk.Read(bytes, isLast: true, out _);
    }

    /// <summary>Reads the bytes in blocks. What is held at once is one block, or the longest string that is allowed.</summary>
    public static async ValueTask<JsonFault?> OfAsync(Stream bytes, JsonLimits limits, CancellationToken cancel)
    {
        var longest = Math.Max(limits.Text, limits.Name) + Block;
        using var walk = new JsonWalk(limits);
        var buffer = ArrayPool<byte>.Shared.Rent(Block);
        try
        {
            for (var filled = 0; ;)
            {
                var more = await bytes.ReadAtLeastAsync(buffer.AsMemory(filled), buffer.Length - filled, throwOnEndOfStream: false, cancel);
                var isLast = more < buffer.Length - filled;
                filled += more;
                if (walk.Read(buffer.AsSpan(0, filled), isLast, out var consumed) is { } fault) return fault;
                if (isLast) return null;
                filled -= consumed;
                buffer.AsSpan(consumed, filled).CopyTo(buffer);
                if (filled < buffer.Length) continue;
                if (filled >= longest) return JsonFault.LongToken;
                var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
                buffer.CopyTo(larger, 0);
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = larger;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

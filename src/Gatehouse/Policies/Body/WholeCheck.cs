using System.Buffers;
using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Body;

/// <summary>
/// Looks through a body that is there to its last byte and not forwarded yet: what it unpacks to, and what its JSON would cost. What is forwarded
/// are the bytes that were looked at, compressed where they came so.
/// </summary>
internal static class WholeCheck
{
    /// <summary>A body may unpack to so many times its size; what is less than <see cref="Little"/> may always.</summary>
    public const int MostRatio = 100;

    public const int Little = 64 * 1024;

    public static ValueTask<Verdict> OfAsync(Exchange exchange, WholeBody body, Coding coding, BodyRules rules)
    {
        if (body.Length == 0) return new(Verdict.Continue);
        var isJson = JsonCheck.IsJson(exchange.RequestHeaders.ContentType);
        if (coding == Coding.None && !isJson) return new(Verdict.Continue);
        if (coding != Coding.None) return OfPackedAsync(exchange, body, coding, rules, isJson);
        return body.InMemory is { } memory ? new(VerdictOf(JsonCheck.Of(memory.Span, rules.Json))) : OfFileAsync(exchange, body, rules);
    }

    private static async ValueTask<Verdict> OfFileAsync(Exchange exchange, WholeBody body, BodyRules rules)
    {
        var fault = await JsonCheck.OfAsync(body, rules.Json, exchange.Http.RequestAborted);
        body.Position = 0;
        return VerdictOf(fault);
    }

    private static async ValueTask<Verdict> OfPackedAsync(Exchange exchange, WholeBody body, Coding coding, BodyRules rules, bool isJson)
    {
        var cancel = exchange.Http.RequestAborted;
        var byRatio = Math.Max(Little, body.Length * MostRatio);
        try
        {
            await using var unpacked = await UnpackedBody.OpenAsync(body, coding, Math.Min(rules.Expanded, byRatio), cancel);
            if (isJson) return VerdictOf(await JsonCheck.OfAsync(unpacked, rules.Json, cancel));
            await ReadToEndAsync(unpacked, cancel);
            return Verdict.Continue;
        }
        catch (BodyTooLargeException)
        {
            return Verdict.Reject(
                Problems.BodyTooLarge,
                byRatio < rules.Expanded ? "the body unpacks to more than a hundred times its size" : "the body unpacks to too much");
        }
        catch (NotPackedException)
        {
            return Verdict.Reject(Problems.MalformedRequest, "the body is not compressed as it says");
        }
        finally
        {
            body.Position = 0;
        }
    }

    private static async ValueTask ReadToEndAsync(Stream bytes, CancellationToken cancel)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Little);
        try
        {
            while (await bytes.ReadAsync(buffer, cancel) > 0)
            {
                // only counted
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static Verdict VerdictOf(JsonFault? fault) => fault is null ? Verdict.Continue : Verdict.Reject(fault.Problem, fault.Reason);
}

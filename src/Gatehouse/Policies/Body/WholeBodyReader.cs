using System.Buffers;

namespace Gatehouse.Policies.Body;

/// <summary>Reads a body to its end: into memory while it is small, then into a spool file.</summary>
/// <param name="address">The <see cref="Pipeline.AddressKey"/> of its client.</param>
internal sealed class WholeBodyReader(Stream body, Spool spool, ulong address)
{
    /// <summary>What a body may have in memory.</summary>
    public const int InMemory = 64 * 1024;

    /// <param name="announced">The length that the request's head gives, or null. At least one byte more is asked for, to see the end.</param>
    public async ValueTask<WholeBody> ReadAsync(long? announced, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(InMemory, (announced ?? InMemory) + 1));
        WholeBody? whole = null;
        try
        {
            var filled = await FillAsync(buffer, cancellation);
            if (filled < buffer.Length) return whole = new WholeBody(buffer, filled);
            return await SpoolAsync(buffer, cancellation);
        }
        finally
        {
            if (whole is null) ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Fills the buffer as far as the body goes: less than all of it means that the body has ended.</summary>
    private async ValueTask<int> FillAsync(byte[] buffer, CancellationToken cancellation)
    {
        var filled = 0;
        while (filled < buffer.Length)
        {
            var read = await body.ReadAsync(buffer.AsMemory(filled), cancellation);
            if (read == 0) break;
            filled += read;
        }

        return filled;
    }

    private async ValueTask<WholeBody> SpoolAsync(byte[] buffer, CancellationToken cancellation)
    {
        var claimed = 0L;
        var file = spool.Open();
        try
        {
            for (var filled = buffer.Length; filled > 0; filled = await FillAsync(buffer, cancellation))
            {
                spool.Claim(address, filled);
                claimed += filled;
                await spool.WriteAsync(file, buffer.AsMemory(0, filled), cancellation);
            }

            spool.Written();
            return new WholeBody(file, spool, address);
        }
        catch
        {
            await file.DisposeAsync();
            spool.Release(address, claimed);
            throw;
        }
    }
}

using System.IO.Compression;
using Gatehouse.Policies.Body;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Policies.Body;

public sealed class UnpackedBodyTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> All => ["gzip", "br", "deflate"];

    [Theory]
    [MemberData(nameof(All))]
    public async Task Unpacks_whatever_was_packed(string coding)
    {
        foreach (var size in (int[])[1, 2, 100, 8191, 8192, 8193, 65_536, 300_000])
            foreach (var content in Contents(size))
                foreach (var level in (CompressionLevel[])[CompressionLevel.NoCompression, CompressionLevel.Fastest, CompressionLevel.SmallestSize])
                    Assert.Equal(content, await UnpackAsync(Packing.Pack(coding, content, level), coding));
    }

    [Theory]
    [MemberData(nameof(All))]
    [Control("LIM-4")]
    public async Task Refuses_what_unpacks_to_more_than_allowed(string coding)
    {
        var packed = Packing.Pack(coding, new byte[5_000_000]);
        Assert.True(packed.Length < 50_000);
        Assert.Equal(5_000_000, (await UnpackAsync(packed, coding, 5_000_000)).Length);
        await Assert.ThrowsAsync<BodyTooLargeException>(() => UnpackAsync(packed, coding, 4_999_999));
        await Assert.ThrowsAsync<BodyTooLargeException>(() => UnpackAsync(packed, coding, 1));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Refuses_what_has_no_end_and_what_goes_on_after_it(string coding)
    {
        foreach (var content in Contents(3000))
        {
            var packed = Packing.Pack(coding, content);
            for (var length = 0; length < packed.Length; length += length < 20 || length > packed.Length - 20 ? 1 : 97)
                await IsRefusedAsync(packed[..length], coding, $"cut to {length} of {packed.Length}");
            foreach (var more in (byte[][])[[0], [0x1f], [0x1f, 0x8b], "x"u8.ToArray(), new byte[100], new byte[20_000], packed, [0, 0, .. packed]])
                await IsRefusedAsync([.. packed, .. more], coding, $"{more.Length} bytes after it");
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    [Control("DEV-2", "compressed bodies")]
    public async Task Random_changes_are_unpacked_or_refused_and_nothing_else(string coding)
    {
        var random = new Random(20261126);
        var packed = Packing.Pack(coding, Contents(2000).Last());
        for (var i = 0; i < 2000; i++)
        {
            var changed = packed.ToArray();
            for (var changes = random.Next(1, 4); changes > 0; changes--) changed[random.Next(changed.Length)] = (byte)random.Next(256);
            try
            {
                await UnpackAsync(changed, coding);
            }
            catch (Exception e) when (e is NotPackedException or BodyTooLargeException)
            {
                // that is what it should say
            }
        }
    }

    [Theory]
    [InlineData("gzip", new byte[] { 0x1f, 0x8b, 9 })] // no such method
    [InlineData("gzip", new byte[] { 0x1f, 0x8b, 8, 0x20 })] // a flag that nobody has
    [InlineData("gzip", new byte[] { 0x1f, 0x8b, 8, 8 })] // a file's name without an end
    [InlineData("deflate", new byte[] { 0x4b, 0x4c, 0x04 })] // RFC 1951 alone
    [InlineData("deflate", new byte[] { 0x78, 0x20 })] // a dictionary that nobody knows
    [InlineData("br", new byte[] { 0x0f })] // a window of 16 MiB
    public async Task Refuses_another_beginning(string coding, byte[] beginning)
    {
        var packed = Packing.Pack(coding, "hello hello hello hello hello"u8.ToArray());
        beginning.CopyTo(packed, 0);
        packed.AsSpan(beginning.Length).Replace((byte)0, (byte)1);
        await IsRefusedAsync(packed, coding, "another beginning");
    }

    [Fact]
    public async Task Takes_what_a_gzip_head_may_say_besides()
    {
        var packed = Packing.Pack("gzip", "hello"u8.ToArray());
        byte[] head = [0x1f, 0x8b, 8, 4 | 8 | 16 | 2, 0, 0, 0, 0, 0, 3, 5, 0, 1, 2, 3, 4, 5, (byte)'a', 0, (byte)'b', (byte)'c', 0, 9, 9];
        Assert.Equal("hello"u8.ToArray(), await UnpackAsync([.. head, .. packed[10..]], "gzip"));
    }

    private static IEnumerable<byte[]> Contents(int size)
    {
        var noise = new byte[size];
        new Random(size).NextBytes(noise);
        yield return noise;
        yield return [.. noise.Select(b => (byte)('a' + (b % 4)))];
    }

    private static async Task IsRefusedAsync(byte[] packed, string coding, string what)
    {
        try
        {
            await UnpackAsync(packed, coding);
            Assert.Fail($"{coding}: {what}");
        }
        catch (NotPackedException)
        {
            // as it should be
        }
    }

    private static async Task<byte[]> UnpackAsync(byte[] packed, string coding, long most = 1 << 20)
    {
        Assert.True(Codings.TryRead(coding, out var read));
        using var body = new MemoryStream(packed);
        await using var unpacked = await UnpackedBody.OpenAsync(body, read, most, Cancel);
        using var all = new MemoryStream();
        await unpacked.CopyToAsync(all, Cancel);
        Assert.Equal(all.Length, unpacked.Bytes);
        return all.ToArray();
    }
}

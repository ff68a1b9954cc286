using Gatehouse.Pipeline;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Pipeline;

public sealed class FrameHeadsTests
{
    private static readonly byte[] Bytes =
    [
        .. "before"u8,
        .. Http2Frame.Frame(Http2Frame.Settings, 0, 0),
        .. Http2Frame.Frame(Http2Frame.Headers, Http2Frame.EndStream | Http2Frame.EndHeaders, 3, 1, 2, 3),
        .. Http2Frame.Frame(Http2Frame.Reset, 0, 3, 0, 0, 0, 7),
        .. Http2Frame.Frame(Http2Frame.Data, Http2Frame.EndStream, 5, new byte[300]),
        .. Http2Frame.Frame(Http2Frame.Reset, 0, 5, 1, 2), // too short for a code
        .. Http2Frame.Frame(Http2Frame.Ping, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8),
    ];

    private static readonly FrameHead[] Expected =
    [
        new(4, 0, 0, 0, 0), new(1, 5, 3, 3, 0), new(3, 0, 4, 3, 7), new(0, 1, 300, 5, 0), new(3, 0, 2, 5, 0), new(6, 0, 8, 0, 0),
    ];

    [Fact]
    public void Finds_the_same_heads_in_whatever_pieces()
    {
        for (var piece = 1; piece <= Bytes.Length; piece++)
        {
            var (heads, found) = (new FrameHeads(ahead: 6), new List<FrameHead>());
            foreach (var part in Bytes.Chunk(piece))
            {
                ReadOnlySpan<byte> bytes = part;
                while (heads.TryTake(ref bytes, out var head)) found.Add(head);
                Assert.True(bytes.IsEmpty);
            }

            Assert.Equal(Expected, found);
        }
    }

    [Fact]
    public void Knows_what_ends_a_stream() => Assert.Equal([false, true, true, true, true, false], Expected.Select(h => h.IsEnd));
}

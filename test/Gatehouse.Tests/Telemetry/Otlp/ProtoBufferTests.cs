using Gatehouse.Telemetry.Otlp;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Telemetry.Otlp;

public sealed class ProtoBufferTests
{
    [Fact]
    public void What_is_written_can_be_read()
    {
        var buffer = new ProtoBuffer(4096);
        buffer.Number(1, ulong.MaxValue);
        buffer.Fixed(2, 1.5);
        buffer.Text(3, "Grüße 🌍", 100);
        var outer = buffer.Open(4);
        buffer.Attribute(9, "a.key"u8, "value");
        buffer.Attribute(9, "a.number"u8, -7);
        buffer.Close(outer);
        buffer.Id(5, new UInt128(1, 2));
        buffer.Number(16, 300);
        var read = ProtoMessage.Parse(buffer.Written);
        Assert.Equal((ulong.MaxValue, 1.5, "Grüße 🌍", 300ul), (read.Number(1), read.Double(2), read.Text(3), read.Number(16)));
        var attributes = read.Message(4).Attributes(9);
        Assert.Equal((2, "value", "-7"), (attributes.Count, attributes["a.key"], attributes["a.number"]));
        Assert.Equal("00000000000000010000000000000002", read.Hex(5));
    }

    [Fact]
    public void What_does_not_fit_is_known_not_to()
    {
        var buffer = new ProtoBuffer(64);
        var outer = buffer.Open(1);
        buffer.Text(2, new string('x', 100), 100);
        buffer.Text(3, "short");
        buffer.Close(outer);
        Assert.True(buffer.IsOver);
        buffer.Clear();
        buffer.Text(3, "short");
        Assert.False(buffer.IsOver);
        Assert.Equal("short", ProtoMessage.Parse(buffer.Written).Text(3));
    }

    [Fact]
    public void Half_a_character_pair_is_still_a_text()
    {
        var buffer = new ProtoBuffer(4096);
        buffer.Text(1, "\ud83c", 10);
        buffer.Text(2, "🌍🌍", 3);
        var read = ProtoMessage.Parse(buffer.Written);
        Assert.Equal("\ufffd", read.Text(1));
        Assert.Equal("🌍", read.Text(2)); // not cut in its middle
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(20_000)]
    [InlineData(2_100_000)]
    public void A_request_stands_around_records_of_any_length(int length)
    {
        var records = new ProtoBuffer(4 << 20);
        records.Bytes(2, new byte[length]);
        var resource = OtlpResource.Of("shop", "production", "0123456789abcdef", "0.1.0");
        var request = new byte[records.Written.Length + 4096];
        var whole = ProtoMessage.Parse(request.AsSpan(0, OtlpResource.Wrap(resource, records.Written, request)));
        Assert.Equal("shop", whole.Message(1).Message(1).Attributes(1)["service.name"]);
        Assert.Equal("gatehouse", whole.Message(1).Message(2).Message(1).Text(1));
        Assert.Equal(length, whole.Message(1).Message(2).Bytes(2).Length);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("0a020805", 5)]
    [InlineData("0a05088001120161", 128)]
    [InlineData("0a0412026869", 0)]
    [InlineData("0a", 0)]
    [InlineData("0affffffffffffffffffff01", 0)]
    [InlineData("0a0208", 0)]
    [InlineData("3c68746d6c3e", 0)]
    public void Of_an_answer_only_the_number_that_was_rejected_is_read(string answer, long rejected) =>
        Assert.Equal(rejected, PartialSuccess.RejectedIn(Convert.FromHexString(answer)));
}

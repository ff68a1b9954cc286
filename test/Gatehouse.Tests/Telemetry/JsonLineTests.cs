using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Telemetry;

public sealed class JsonLineTests
{
    [Fact]
    [Control("LOG-4")]
    public void Any_value_comes_back_from_one_line_of_printable_ascii() =>
        Gen.String[Gen.Char, 0, 300].Sample(value =>
        {
            var line = JsonLine.Begin();
            line.Text("value"u8, value, 300);
            line.Number("after"u8, 7);
            var bytes = line.End().ToArray();
            var read = JsonNode.Parse(bytes)!.AsObject();
            return bytes.All(b => b is >= 0x20 and < 0x7f) && (int)read["after"]! == 7 && Escaped((string)read["value"]!) == Escaped(value);
        });

    [Theory]
    [InlineData("a\r\nb")]
    [InlineData("\0\u001b[31m")]
    [InlineData("\u202egnp.exe")]
    [InlineData("\",\"status\":200")]
    [InlineData("\\")]
    [InlineData("\u2028")]
    [InlineData("é漢😀")]
    [Control("LOG-4")]
    public void Hostile_values_stay_values(string value)
    {
        var line = JsonLine.Begin();
        line.Text("value"u8, value, 100);
        var text = Encoding.UTF8.GetString(line.End());
        Assert.DoesNotContain(text, char.IsControl);
        Assert.All(text, c => Assert.True(char.IsAscii(c)));
        Assert.Equal(value, (string)JsonNode.Parse(text)!["value"]!);
    }

    [Fact]
    [Control("LOG-4")]
    public void A_long_value_is_cut_and_says_so()
    {
        var line = JsonLine.Begin();
        line.Text("value"u8, new string('x', 10_240), 16);
        Assert.Equal(new string('x', 16) + "…", (string)JsonNode.Parse(line.End())!["value"]!);
    }

    [Fact]
    [Control("LOG-4")]
    public void What_does_not_fit_is_left_out_and_the_line_stays_whole()
    {
        var line = JsonLine.Begin();
        for (var i = 0; i < 10; i++) line.Text("value"u8, new string('\u0001', 2000), 2000);
        var bytes = line.End();
        Assert.InRange(bytes.Length, 1, JsonLine.Longest);
        using var read = JsonDocument.Parse(bytes.ToArray());
        Assert.Equal(JsonValueKind.Object, read.RootElement.ValueKind);
    }

    [Fact]
    public void Times_and_durations_are_written_with_fixed_precision()
    {
        var line = JsonLine.Begin();
        line.Time("time"u8, new DateTimeOffset(2026, 1, 2, 3, 4, 5, 6, TimeSpan.FromHours(2)));
        line.Milliseconds("ms"u8, TimeSpan.FromMicroseconds(1234.5));
        line.Milliseconds("zero"u8, TimeSpan.Zero);
        line.Number("bytes"u8, long.MaxValue);
        Assert.Equal(
            """{"time":"2026-01-02T01:04:05.006Z","ms":1.234,"zero":0.000,"bytes":9223372036854775807}""", Encoding.UTF8.GetString(line.End()));
    }

    [Fact]
    public void Half_a_character_is_none_and_no_value_is_cut_in_the_middle_of_one()
    {
        (string Value, string Expected)[] values =
        [
            ("\ud83d", "\ufffd"), ("\ude00", "\ufffd"), ("a\ud83d\ud83d\ude00b", "a\ufffd😀b"), ("😀\ude00", "😀\ufffd"),
            ("12345678901234😀", "12345678901234😀"), ("123456789012345😀", "123456789012345…"),
            ("1234567890123456😀", "1234567890123456…"),
        ];
        foreach (var (value, expected) in values)
        {
            var line = JsonLine.Begin();
            line.Text("value"u8, value, 16);
            Assert.Equal(expected, (string)JsonNode.Parse(line.End())!["value"]!);
        }
    }

    // half a character is the replacement character
    private static string Escaped(string value) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(value));
}

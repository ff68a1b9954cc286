using Gatehouse.Audit;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Audit;

public sealed class CheckpointNotesTests
{
    private const string First = "a/audit/1\n5\nAAAA\ntime t\n\n— a/audit/1 AAAA\n";
    private const string Second = "a/audit/1\n9\nBBBB\n\n— a/audit/1 BBBB\n— other CCCC\n";

    [Theory]
    [InlineData(First + "\n" + Second + "\n", new[] { First, Second })]
    [InlineData(First + "\n\n\n" + Second, new[] { First, Second })]
    [InlineData("\n" + First + "\n" + "a/audit/1\n9\nBBBB\n\n— a/audit/1 BB", new[] { First })] // torn within its signature
    [InlineData(First + "\n" + "a/audit/1\n9\n", new[] { First })]
    [InlineData("", new string[0])]
    public void Come_one_after_the_other_and_none_that_is_cut_off(string text, string[] notes) =>
        Assert.Equal(notes, Checkpoint.Notes(new StringReader(text)));

    [Fact]
    [Control("AUD-4", "a second place that is no place of checkpoints")]
    public void What_is_no_text_of_notes_is_not_read_to_its_end()
    {
        using var endless = new StreamReader(new Zeros(1 << 20));
        Assert.Throws<IOException>(() => Checkpoint.Notes(endless).Count());
    }
}

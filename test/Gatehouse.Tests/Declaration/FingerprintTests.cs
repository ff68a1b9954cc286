using Gatehouse.Configuration;
using Gatehouse.TestKit;
using Xunit;

namespace Gatehouse.Tests.Declaration;

public sealed class FingerprintTests
{
    private static readonly Dictionary<string, string> Files = Golden.Read(Declarations.Folder, "right-include").Files(Declarations.File);

    [Fact]
    public void Is_the_same_whatever_the_order_of_keys_the_quotes_and_the_comments()
    {
        var node = YamlReader.Read(Declarations.File, Files[Declarations.File], new Findings())!;
        Assert.Equal(Of(Files), Of(With(Declarations.File, "# another comment\n" + NodeText.Write(NodeText.Reverse(node)))));
    }

    [Fact]
    public void Is_the_same_when_an_api_moves_to_an_included_file()
    {
        var whole = Golden.Read(Declarations.Folder, "right-smallest").Files(Declarations.File);
        var text = whole[Declarations.File];
        var apis = text.IndexOf("apis:", StringComparison.Ordinal);
        var split = new Dictionary<string, string>
        {
            [Declarations.File] = text[..apis] + "include: [ { file: apis.yaml } ]\n",
            ["apis.yaml"] = text[apis..],
        };
        Assert.Equal(Of(whole), Of(split));
    }

    [Theory]
    [InlineData(Declarations.File, "stock.read", "stock.see")]
    [InlineData(Declarations.File, "2027-06-30", "2027-06-29")]
    [InlineData("teams/prices.yaml", "purpose: Prices", "purpose: Price")]
    [InlineData("teams/prices-contract.yaml", "/prices/{article}", "/price/{article}")]
    [InlineData("keys/pepper", "0", "1")]
    public void Changes_with_every_value_and_every_file_that_is_named(string file, string from, string to) =>
        Assert.NotEqual(Of(Files),
            Of(With(file, (Files.GetValueOrDefault(file) ?? "0123456789abcdef0123456789abcdef\n").Replace(from, to, StringComparison.Ordinal))));

    private static Dictionary<string, string> With(string file, string text) => new(Files) { [file] = text };

    private static string Of(Dictionary<string, string> files) => Declarations.Read(files).Definition!.Fingerprint;
}

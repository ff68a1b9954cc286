using Gatehouse.Configuration;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Declaration;

/// <summary>What declarations may not say of keys and secrets, whatever else the golden files say of them.</summary>
public sealed class CredentialRuleTests
{
    private const string Inline = "hunter2-hunter2-hunter2-hunter2-hunter2";

    [Theory]
    [InlineData("route-key-alone-on-write")]
    [InlineData("route-key-alone-on-personal-data")]
    [InlineData("route-key-alone-beside-others")]
    [Control("KEY-8")]
    public void A_key_alone_opens_neither_changes_nor_personal_data(string golden)
    {
        var reading = Declarations.ReadGolden(golden);
        Assert.Null(reading.Definition);
        Assert.Equal("GH1003", Assert.Single(reading.Findings, f => f.IsError).Rule.Id);
    }

    [Fact]
    [Control("KEY-8")]
    public void But_for_a_while_where_somebody_answers_for_it()
    {
        const string golden = "right-write-with-waived-key";
        var waivers = Declarations.ReadGolden(golden).Definition!.Routes.SelectMany(r => r.Waivers).Where(w => w.Rule == "GH1003").ToList();
        Assert.NotEmpty(waivers);
        Assert.All(waivers, w => Assert.True(w.Reason.Length > 0 && w.Owner.Length > 0 && w.Until > new DateOnly(2026, 11, 23)));
        var text = Golden.Read(Declarations.Folder, golden).Files(Declarations.File)[Declarations.File];
        var late = text.Replace($"{waivers[0].Until:yyyy-MM-dd}", "2026-11-23", StringComparison.Ordinal);
        Assert.Contains(Declarations.Read(late).Findings, f => f.IsError);
    }

    public static TheoryData<string, string> Secrets => new()
    {
        { "right-assertions", "pepper: \"file:keys/pepper\"" }, { "right-assertions", "\"file:keys/assert-2026.pem\"" },
        { "right-issuers", "secret: \"file:keys/pepper\"" }, { "right-authoriser", "credential: \"file:keys/pepper\"" },
        { "right-upstream-with-everything", "secret: \"file:keys/pepper\"" },
        { "right-assertions", "\"hmac-sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"" },
    };

    [Theory]
    [MemberData(nameof(Secrets))]
    [Control("SEC-1")]
    public void A_secret_is_named_and_never_written(string golden, string reference)
    {
        var files = Golden.Read(Declarations.Folder, golden).Files(Declarations.File);
        Assert.NotNull(Declarations.Read(files).Definition);
        var at = reference.IndexOf('"', StringComparison.Ordinal);
        var text = files[Declarations.File];
        files[Declarations.File] = text.Replace(reference, $"{reference[..at]}\"{Inline}\"", StringComparison.Ordinal);
        Assert.NotEqual(text, files[Declarations.File]);
        var reading = Declarations.Read(files);
        Assert.Null(reading.Definition);
        Assert.Contains(reading.Findings, f => f.IsError && f.Rule.Id == "GH1042");
        Assert.DoesNotContain(reading.Findings, f => f.ToString().Contains("hunter2", StringComparison.Ordinal)); // it may be the secret itself
    }
}

using Gatehouse.TestKit;
using Xunit;

namespace Gatehouse.Tests.Declaration;

/// <summary>Every file in <c>golden/</c>: a declaration and everything that is to be said about it.</summary>
public sealed class GoldenTests
{
    public static TheoryData<string> Cases => [.. Golden.Names(Declarations.Folder)];

    [Theory]
    [MemberData(nameof(Cases))]
    [Control("CFG-4")]
    [Control("CFG-5", "what stops a declaration, and what a waiver needs")]
    public void Says_exactly_what_is_wrong(string name)
    {
        var golden = Golden.Read(Declarations.Folder, name);
        var reading = Declarations.Read(golden.Files(Declarations.File));
        List<string> said = [.. reading.Findings.Select(f => f.ToString()), reading.Definition is null ? "refused" : "loads"];
        Assert.Null(golden.Difference(said));
    }
}

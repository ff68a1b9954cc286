namespace Gatehouse.Tests.Tidy;

/// <summary>A page under docs/reference that is made from the code and compared with it. GATEHOUSE_UPDATE_GOLDEN=1 writes it anew.</summary>
internal static class ReferencePage
{
    public static void Compare(string name, string expected)
    {
        var file = Path.Combine(SourceTree.Root, "docs", "reference", name);
        if (Environment.GetEnvironmentVariable("GATEHOUSE_UPDATE_GOLDEN") == "1") File.WriteAllText(file, expected);
        Assert.True(File.Exists(file), $"docs/reference/{name} is missing: run the tests with GATEHOUSE_UPDATE_GOLDEN=1");
        Assert.Equal(expected, File.ReadAllText(file));
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Text;
using Gatehouse.TestKit;
using Xunit;

namespace Gatehouse.Tests.Declaration;

public sealed class LargeDeclarationTests(ITestOutputHelper output)
{
    private static readonly string Smallest = Golden.Read(Declarations.Folder, "right-smallest").Files(Declarations.File)[Declarations.File];

    [Fact]
    public void Ten_thousand_routes_are_read_in_seconds()
    {
        var text = new StringBuilder(Smallest);
        for (var i = 0; i < 10_000; i++)
            text.Append(
                CultureInfo.InvariantCulture, $"      r{i}:\n        match: GET /r{i}/{{id}}\n        exposure: public\n        effect: read\n");
        var start = Stopwatch.GetTimestamp();
        var reading = Declarations.Read(text.ToString());
        var took = Stopwatch.GetElapsedTime(start);
        output.WriteLine($"{took}");
        Assert.Equal(10_001, reading.Definition?.Routes.Count);
        Assert.True(took < TimeSpan.FromSeconds(10), $"took {took}"); // generous: the machine may be busy; what grows with the square takes minutes
    }

    [Fact]
    public void Ten_thousand_misspelt_names_are_answered_in_seconds()
    {
        var text = new StringBuilder(Smallest);
        for (var i = 0; i < 10_000; i++)
            text.Append(CultureInfo.InvariantCulture, $"      r{i}:\n        match: GET /r{i}\n        exposure: public\n        effect: read\n        upstream: stok{i}\n        access: {{ consumers: [web{i}] }}\n");
        var start = Stopwatch.GetTimestamp();
        var reading = Declarations.Read(text.ToString());
        Assert.Equal(1000, reading.Findings.Count(f => f.IsError));
        Assert.True(reading.LeftOut >= 19_000);
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(10));
    }
}

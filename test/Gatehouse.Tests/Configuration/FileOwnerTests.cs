using System.Diagnostics;
using Gatehouse.Configuration;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Configuration;

public sealed class FileOwnerTests
{
    [Fact]
    [Control("SEC-3", "the owner")]
    public async Task Knows_a_file_of_another_account()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "only root can give a file away");
        var file = Path.GetTempFileName();
        try
        {
            Assert.False(SourceFiles.OnDisk().BelongsToAnother(file));
            var start = new ProcessStartInfo("chown") { ArgumentList = { "65534", file } };
            using var chown = Process.Start(start)!;
            await chown.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(SourceFiles.OnDisk().BelongsToAnother(file));
            Assert.False(SourceFiles.OnDisk().BelongsToAnother(file + "-none"));
        }
        finally
        {
            File.Delete(file);
        }
    }
}

using Gatehouse.Configuration;
using Gatehouse.Runtime;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Runtime;

/// <summary>What counts as a change of files, with files of the disk: their stamps are what it is about.</summary>
public sealed class WatchedFilesTests : IDisposable
{
    private static readonly DateTime Then = new(2026, 11, 23, 12, 0, 0, DateTimeKind.Utc);
    private readonly TestFolder _folder = new();
    private readonly string _file;
    private int _readings;

    public WatchedFilesTests()
    {
        _file = _folder.Write("a.yaml", "one");
        File.SetLastWriteTimeUtc(_file, Then);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_that_nobody_touched_is_not_read_again()
    {
        var watched = Watch();
        Assert.False(watched.HaveChanged(contents: false, Files));
        Assert.Equal(0, _readings);
    }

    [Fact]
    public void A_touch_is_looked_into_once_and_is_no_change()
    {
        var watched = Watch();
        File.SetLastWriteTimeUtc(_file, Then.AddSeconds(1));
        Assert.False(watched.HaveChanged(contents: false, Files));
        Assert.False(watched.HaveChanged(contents: false, Files));
        Assert.Equal(1, _readings);
    }

    [Fact]
    public void Other_bytes_are_a_change_until_they_are_watched()
    {
        var watched = Watch();
        File.WriteAllText(_file, "three");
        Assert.True(watched.HaveChanged(contents: false, Files));
        Assert.True(watched.HaveChanged(contents: false, Files));
        Assert.False(Watch().HaveChanged(contents: true, Files));
    }

    [Fact]
    public void Bytes_that_changed_behind_the_same_stamp_are_found_by_a_full_look()
    {
        var watched = Watch();
        File.WriteAllText(_file, "two");
        File.SetLastWriteTimeUtc(_file, Then);
        Assert.False(watched.HaveChanged(contents: false, Files));
        Assert.True(watched.HaveChanged(contents: true, Files));
    }

    [Fact]
    public void A_file_that_vanished_is_a_change_and_so_is_one_that_comes_back()
    {
        var watched = Watch();
        File.Delete(_file);
        Assert.True(watched.HaveChanged(contents: false, Files));
        var gone = Watch();
        Assert.False(gone.HaveChanged(contents: false, Files));
        File.WriteAllText(_file, "one");
        Assert.True(gone.HaveChanged(contents: false, Files));
    }

    [Fact]
    public void A_link_that_leads_elsewhere_is_a_change()
    {
        var other = _folder.Write("b.yaml", "another");
        var link = _folder.Of("link.yaml");
        File.CreateSymbolicLink(link, _file);
        var watched = Watch(link);
        Assert.False(watched.HaveChanged(contents: false, Files));
        File.Delete(link);
        File.CreateSymbolicLink(link, other);
        Assert.True(watched.HaveChanged(contents: false, Files));
    }

    private WatchedFiles Watch(string? path = null)
    {
        var files = SourceFiles.OnDisk();
        files.TryRead(path ?? _file, out _, out _);
        return new WatchedFiles(files.Digests);
    }

    private SourceFiles Files()
    {
        _readings++;
        return SourceFiles.OnDisk();
    }
}

using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Hosting;
using Gatehouse.Runtime;
using Gatehouse.TestKit;
using Gatehouse.Tests.Runtime;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Hosting;

/// <summary>What a gateway starts with when the reader of its declaration fails in a way that nobody has foreseen.</summary>
public sealed class FirstDeclarationTests : IDisposable
{
    private const string Main = "gatehouse.yaml";
    private const string Failing = "what the reader fails over";
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 27, 12, 0, 0, TimeSpan.Zero));
    private readonly TestFolder _folder = new();
    private readonly StringWriter _events = new();
    private readonly Dictionary<string, string> _files = new() { [Main] = "gatehouse: v1" };

    public void Dispose()
    {
        _folder.Dispose();
        _events.Dispose();
    }

    [Fact]
    [Control("CFG-3", "a reading that fails")]
    public void Nothing_is_served()
    {
        _files[Main] = Failing;
        var refused = Assert.Throws<GatewayStartException>(() => FirstDeclaration.Read(Options(lastGood: false)));
        Assert.EndsWith("nothing is served", refused.Message, StringComparison.Ordinal);
        var said = Assert.Single(refused.Findings).ToString();
        Assert.StartsWith("gatehouse.yaml:1:1 error GH2012 reading it failed (OverflowException)", said, StringComparison.Ordinal);
    }

    [Fact]
    [Control("AVL-4", "a reading that fails")]
    public void The_last_good_one_is_served_where_that_is_asked_for()
    {
        var good = FirstDeclaration.Read(Options());
        good.LastGood!.Keep(good.Files!); // as whoever has put it in force does
        _files[Main] = Failing;

        var first = FirstDeclaration.Read(Options());

        Assert.NotNull(first.Loaded.Definition);
        Assert.Contains("WHAT IS SERVED IS THE LAST GOOD ONE", _events.ToString(), StringComparison.Ordinal);
        Assert.Contains("(OverflowException)", _events.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_reload_that_fails_is_refused_and_tried_again_only_when_a_file_has_changed()
    {
        var first = FirstDeclaration.Read(Options());
        _files[Main] = Failing;

        var next = first.Load(Files());

        Assert.Null(next.Definition);
        Assert.Equal([Main], next.Digests.Keys);
        Assert.False(new WatchedFiles(next.Digests).HaveChanged(contents: true, Files));
    }

    private GatewayOptions Options(bool lastGood = true) => new()
    {
        DeclarationPath = Main,
        Files = Files,
        Load = Load,
        Clock = _clock,
        Events = _events,
        LastGood = lastGood ? new LastGoodOptions(_folder.Of("last-good"), "env:KEY", LastGoodOptions.UsualAge) : null,
    };

    private SourceFiles Files() =>
        SourceFiles.InMemory(_files, new Dictionary<string, string> { ["KEY"] = "a key of at least thirty-two bytes, for signing" });

    private LoadedDeclaration Load(SourceFiles files)
    {
        Assert.True(files.TryRead(Main, out var bytes, out _));
        return Encoding.UTF8.GetString(bytes) == Failing ? throw new OverflowException() : SmallLoad.With(_clock);
    }
}

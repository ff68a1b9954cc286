using System.Threading.Channels;
using Gatehouse.Configuration;
using Gatehouse.Telemetry;

namespace Gatehouse.Runtime;

/// <summary>
/// Looks at the files of the declaration at short intervals and when asked, and activates what has changed. The same bytes are tried once. Everything
/// happens in one loop beside the exchanges, never on one; reading and compiling on a thread that steps back for them.
/// </summary>
internal sealed class DeclarationWatch : IAsyncDisposable
{
    private const int LooksBetweenFullOnes = 30;
    private readonly WatchSource _source;
    private readonly Activation _activation;
    private readonly EventWriter _events;
    private readonly GatehouseMeter _meter;
    private readonly TimeProvider _clock;
    private readonly Channel<TaskCompletionSource<ActivationResult>?> _looks = Channel.CreateBounded<TaskCompletionSource<ActivationResult>?>(16);
    private ITimer? _timer;
    private Task _loop = Task.CompletedTask;
    private WatchedFiles _files;
    private bool _isOwed;
    private int _untilFullLook;

    /// <param name="digests">The files of the declaration in force.</param>
    public DeclarationWatch(
        WatchSource source, IReadOnlyDictionary<string, string> digests, Activation activation, EventWriter events, GatehouseMeter meter,
            TimeProvider clock)
    {
        _source = source;
        _activation = activation;
        _events = events;
        _meter = meter;
        _clock = clock;
        _files = new WatchedFiles(digests);
    }

    /// <summary>Begins to look. Until then the declaration in force stays so, and who asks for a look waits for it.</summary>
    public void Start()
    {
        _loop = Task.Run(LoopAsync);
        _timer = _clock.CreateTimer(static self => ((DeclarationWatch)self!)._looks.Writer.TryWrite(null), this, _source.Every, _source.Every);
    }

    /// <summary>Looks at the contents of every file now, and activates them if they have changed.</summary>
    public async Task<ActivationResult> LookNowAsync(CancellationToken cancel)
    {
        var answer = new TaskCompletionSource<ActivationResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _looks.Writer.WriteAsync(answer, cancel);
        return await answer.Task.WaitAsync(cancel);
    }

    /// <summary>The word that stands for an outcome in what is counted and told.</summary>
    public static string Word(ActivationOutcome outcome) => outcome switch
    {
        ActivationOutcome.Activated => "activated",
        ActivationOutcome.Unchanged => "unchanged",
        ActivationOutcome.Refused => "refused",
        ActivationOutcome.Unrecorded => "unrecorded",
        ActivationOutcome.NeedsRestart => "needs-restart",
    };

    public async ValueTask DisposeAsync()
    {
        if (_timer is not null) await _timer.DisposeAsync();
        _looks.Writer.TryComplete();
        await _loop;
    }

    private async Task LoopAsync()
    {
        await foreach (var asked in _looks.Reader.ReadAllAsync())
        {
            var result = await LookAsync(asked is not null);
            asked?.TrySetResult(result);
        }
    }

    private async Task<ActivationResult> LookAsync(bool asked)
    {
        try
        {
            var full = asked || --_untilFullLook < 0;
            if (full) _untilFullLook = LooksBetweenFullOnes;
            if (_isOwed || _files.HaveChanged(full, _source.Files)) return await BackgroundThread.RunAsync(Activate);
            _source.LastGood?.Renew();
            if (asked) _events.Write("reload: no file has changed");
        }
        catch (Exception e)
        {
            _meter.Reloads("failed").Add();
            _events.Write($"reload failed ({e.GetType().Name}); revision {_activation.Current.Revision} stays in force");
            _source.LastGood?.Doubt(); // a policy of a host's own may throw while it is compiled: what the files say now is not in force
        }

        return new ActivationResult(ActivationOutcome.Unchanged, []);
    }

    private ActivationResult Activate()
    {
        var files = _source.Files();
        var next = _source.Load(files);
        _files = new WatchedFiles(next.Digests);
        _untilFullLook = 0; // a file may have changed between its reading and its first stamp
        var result = _activation.TryReplace(next);
        if (_isOwed && result.Outcome == ActivationOutcome.Unrecorded) return result; // it was told
        _isOwed = result.Outcome == ActivationOutcome.Unrecorded;
        _source.Trail?.Refused(result, next);
        if (result.Outcome is ActivationOutcome.Activated or ActivationOutcome.Unchanged) _source.LastGood?.Keep(files);
        else _source.LastGood?.Doubt();
        var current = _activation.Current;
        foreach (var finding in result.Findings) _events.Write(finding.ToString());
        var outcome = Word(result.Outcome);
        var text = result.Outcome switch
        {
            ActivationOutcome.Activated => $"reload: revision {current.Revision} is in force, fingerprint {current.Definition.Fingerprint}",
            ActivationOutcome.Unchanged => $"reload: the declaration means the same; revision {current.Revision} stays in force",
            ActivationOutcome.Refused => $"reload refused; revision {current.Revision} stays in force",
            ActivationOutcome.Unrecorded => $"reload put off: it cannot be recorded; revision {current.Revision} stays in force until it can",
            ActivationOutcome.NeedsRestart => $"reload refused, it needs a restart; revision {current.Revision} stays in force",
        };
        _meter.Reloads(outcome).Add();
        _events.Write(text);
        Tell(outcome, current);
        return result;
    }

    /// <summary>Another declaration in force, or one that was not taken, matters to whoever watches over the gateway.</summary>
    private void Tell(string outcome, GatewaySnapshot current)
    {
        if (outcome == "unchanged") return;
        var facts = new SecurityFacts { Revision = current.Revision, Fingerprint = current.Definition.Fingerprint };
        if (outcome == "activated") _events.Security?.Tell(SecurityEvent.ConfigurationChanged, facts);
        else _events.Security?.Tell(SecurityEvent.ConfigurationRefused, facts with { Outcome = outcome });
    }
}

/// <summary>What is watched.</summary>
/// <param name="Load">Reads the declaration from these files.</param>
/// <param name="Files">The files as they are now.</param>
/// <param name="Every">The time between two looks.</param>
/// <param name="LastGood">Keeps what is in force for a start in worse times; null where nobody asked for it.</param>
/// <param name="Trail">Records what is not activated; null where there is no trail.</param>
internal sealed record WatchSource(
    Func<SourceFiles, LoadedDeclaration> Load, Func<SourceFiles> Files, TimeSpan Every, LastGood? LastGood = null, ActivationTrail? Trail = null);

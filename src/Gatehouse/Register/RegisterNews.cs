using System.Globalization;
using Gatehouse.Telemetry;

namespace Gatehouse.Register;

/// <summary>What the operator is told of a register: each change once, each way.</summary>
internal sealed class RegisterNews(RegisterSettings settings, EventWriter? events, RegisterTally tally)
{
    private readonly Lock _gate = new();
    private bool _lost;
    private bool _cannotBeKept;

    public bool IsLost => Volatile.Read(ref _lost);

    public void Lost(Exception e)
    {
        lock (_gate)
        {
            if (_lost) return;
            _lost = true;
            tally.Lost();
        }

        var what = e is EmptiedException ? "holds nothing of what was known" : $"cannot be read ({e.GetType().Name})"; // texts of stores name hosts
        Tell($"the register's store '{settings.StoreName}' {what}: what is known holds, issued keys for {Minutes(settings.MaxAge)} at most");
    }

    public void Found()
    {
        lock (_gate)
        {
            if (!_lost) return;
            _lost = false;
            tally.Found();
        }

        Tell($"the register's store '{settings.StoreName}' can be read again");
    }

    public void Aged(bool tooOld)
    {
        tally.Aged(tooOld);
        if (tooOld) Tell("what is known of the register is too old: issued keys are refused until its store can be read; suspensions stay");
    }

    public void Changed(long version, RegisterView view, int stricter, int unsealed)
    {
        Tell(string.Create(CultureInfo.InvariantCulture,
            $"version {version} of the register is in force: {view.Keys} issued keys, {view.Suspended} suspensions"));
        if (stricter > 0)
            Tell(string.Create(CultureInfo.InvariantCulture,
                $"the register's store was set back: {stricter} endings and suspensions that it does not know any more stay in force here"));
        if (unsealed > 0)
            Tell(string.Create(CultureInfo.InvariantCulture,
                $"{unsealed} keys in the register's store were written without the pepper, or under another: they are not taken"));
    }

    public void Kept(RegisterView view, TimeSpan age) => Tell(string.Create(CultureInfo.InvariantCulture,
        $"the register begins with what was kept {age.TotalSeconds:0} s ago: {view.Keys} issued keys, {view.Suspended} suspensions"));

    public void NothingKept(string why) => Tell($"nothing was kept of the register ({why}); until its store can be read, routes are closed");

    public void CannotBeKept(Exception e)
    {
        if (_cannotBeKept) return;
        _cannotBeKept = true;
        Tell($"what is known of the register cannot be kept in '{settings.Kept}' ({e.GetType().Name}); it is tried again");
    }

    public void CanBeKept()
    {
        if (!_cannotBeKept) return;
        _cannotBeKept = false;
        Tell("what is known of the register can be kept again");
    }

    private void Tell(string text) => events?.Write(text);

    private static string Minutes(TimeSpan age) => Configuration.Units.Write(age);
}

using System.Globalization;

namespace Gatehouse.Audit;

/// <summary>
/// Which of several equal chains an instance writes to. It keeps its place for as long as it runs: one that it has lost to a cut connection is held
/// by nobody but itself, until the server has noticed. Only when somebody else has taken it meanwhile, so that it stays taken, it takes another.
/// </summary>
internal sealed class AuditPlaces(TimeProvider clock)
{
    /// <summary>More instances of one gateway than there will be.</summary>
    private const int Most = 256;

    /// <summary>A server notices within half a minute that a connection is dead.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private string? _own;
    private long _refusedSince;

    /// <param name="take">Takes the place of this name, and says whether it could.</param>
    /// <exception cref="AuditStoreTakenException">There is none for now.</exception>
    public string Take(string instance, Func<string, bool> take)
    {
        if (_own is { } own)
        {
            if (take(own))
            {
                _refusedSince = 0;
                return own;
            }

            if (_refusedSince == 0) _refusedSince = clock.GetTimestamp();
            if (clock.GetElapsedTime(_refusedSince) < Patience)
                throw new AuditStoreTakenException($"'{own}' in this trail is still held by a connection");
        }

        for (var number = 1; number <= Most; number++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{instance}-{number}");
            if (!take(name)) continue;
            (_own, _refusedSince) = (name, 0);
            return name;
        }

        throw new AuditStoreTakenException($"{Most} others write as '{instance}' to this trail");
    }
}

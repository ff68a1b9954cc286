using System.Globalization;
using Gatehouse.Configuration;
using Gatehouse.Declaration;
using Gatehouse.Telemetry;

namespace Gatehouse.Runtime;

/// <summary>What the command line says of keeping the declaration in force.</summary>
/// <param name="File">Where it is kept.</param>
/// <param name="Key">Where the key is that it is signed with: <c>file:PATH</c> or <c>env:NAME</c>.</param>
/// <param name="MaxAge">For how long after it was last seen to be good it may be served.</param>
internal sealed record LastGoodOptions(string File, string Key, TimeSpan MaxAge)
{
    public static readonly TimeSpan UsualAge = TimeSpan.FromHours(1);
    public static readonly TimeSpan LeastAge = TimeSpan.FromMinutes(1);
    public static readonly TimeSpan MostAge = TimeSpan.FromDays(7);
}

/// <summary>
/// Keeps the declaration in force in one signed file, and serves it at a start at which the declaration cannot be: as long as it is not too old, and
/// only where the command line asks for it. Secrets and revocation lists are not in it; they are read as they are. It is proved good for as long as
/// the files say the same as what is in force; from then on it ages, whatever is served from it.
/// </summary>
internal sealed class LastGood
{
    private const int RenewalsInALife = 10;
    private static readonly TimeSpan OtherClocks = TimeSpan.FromMinutes(1);
    private readonly LastGoodOptions _options;
    private readonly KeptFile _file;
    private readonly string _declaration;
    private readonly EventWriter _events;
    private readonly TimeProvider _clock;
    private byte[]? _content; // while it is what the files say
    private DateTimeOffset _provedAt;
    private bool _isFailing;
    private volatile KeptDeclaration? _inUse;

    private LastGood(LastGoodOptions options, Secret key, string declaration, EventWriter events, TimeProvider clock)
    {
        (_options, _declaration, _events, _clock) = (options, declaration, events, clock);
        _file = new KeptFile(options.File, key);
    }

    /// <summary>What is served in the place of a declaration that cannot be; null while that is not so.</summary>
    public KeptDeclaration? InUse => _inUse;

    /// <summary>How old that is; null while it is not served.</summary>
    public TimeSpan? Age => _inUse is { } used ? _clock.GetUtcNow() - used.ProvedAt : null;

    /// <summary>Null when there is no good key, which a finding says.</summary>
    /// <param name="declaration">Which declaration it is, and in which environment.</param>
    public static LastGood? Open(
        LastGoodOptions options, string declaration, SourceFiles files, EventWriter events, TimeProvider clock, Findings findings)
    {
        var place = new Place("--last-good-key", 1, 1);
        if (!SecretReference.Shape.TryRead(new ScalarNode(place, options.Key, true), findings, out var reference)) return null;
        var named = new NamedFiles(files, findings, clock.GetUtcNow());
        var located = new Located<string>(reference, place);
        return SecretReference.Resolve(located, "key of the last good declaration", KeptFile.LeastKeyBytes, named) is { } key
            ? new LastGood(options, key, declaration, events, clock) : null;
    }

    /// <summary>Keeps what is in force from now on, and nothing that is not yet; what was served in its place is over.</summary>
    public void Keep(SourceFiles files)
    {
        _content = KeptFile.Write(_declaration, files);
        Save();
        if (_inUse is null) return;
        _inUse = null;
        _events.Write("the declaration can be served again; the last good one is over");
    }

    /// <summary>Says again that what is kept is good, when that was last said a while ago.</summary>
    public void Renew()
    {
        if (_content is not null && _clock.GetUtcNow() - _provedAt >= _options.MaxAge / RenewalsInALife) Save();
    }

    /// <summary>The files say something else than what is in force: what is kept begins to age.</summary>
    public void Doubt() => _content = null;

    /// <summary>The files as they were when all was good; null when that may not be served, with the reason.</summary>
    public SourceFiles? Take(SourceFiles now, out string why)
    {
        if (!_file.TryRead(out var kept, out why)) return null;
        if (kept.Declaration != _declaration)
        {
            why = "it is of another declaration or environment";
            return null;
        }

        var age = _clock.GetUtcNow() - kept.ProvedAt;
        if (age > _options.MaxAge || age < -OtherClocks)
        {
            why = age < TimeSpan.Zero ? "it is from the future" : $"it was last good at {Show(kept.ProvedAt)}, which is too long ago";
            return null;
        }

        _inUse = new KeptDeclaration(kept.ProvedAt, kept.ProvedAt + _options.MaxAge);
        return now.AsKept(kept.Files, kept.Withheld);
    }

    internal static string Show(DateTimeOffset instant) =>
        instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private void Save()
    {
        try
        {
            var now = _clock.GetUtcNow();
            _file.Save(_content!, now);
            _provedAt = now;
            if (_isFailing) _events.Write("the last good declaration can be kept again");
            _isFailing = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!_isFailing) _events.Write($"the last good declaration cannot be kept ({e.GetType().Name}); it is tried again");
            _isFailing = true;
        }
    }
}

/// <summary>A declaration that is served because the real one cannot be.</summary>
/// <param name="ProvedAt">When it was last seen to be good.</param>
/// <param name="Until">When it is too old.</param>
internal sealed record KeptDeclaration(DateTimeOffset ProvedAt, DateTimeOffset Until);

using System.Globalization;
using Gatehouse.Configuration;

namespace Gatehouse.Register;

/// <summary>
/// What a change does to the content of a register: decided by what is there, in the store's own transaction. Nothing is ever removed, so that
/// what is missing in a store is known to be missing.
/// </summary>
internal sealed class RegisterEdit
{
    private const string Nothing = "none";

    /// <summary>Why nothing is changed; null when something is.</summary>
    public string? Refusal { get; private init; }

    public RegisterChange? Change { get; private init; }

    /// <summary>Keys that are new or other than before.</summary>
    public IReadOnlyList<IssuedKey> Keys { get; private init; } = [];

    /// <summary>Suspensions that are new or other than before.</summary>
    public IReadOnlyList<Suspension> Suspensions { get; private init; } = [];

    public static RegisterEdit Issue(RegisterContent content, IssuedKey key)
    {
        if (content.FindKey(key.Id) is not null) return Refuse("a key has this id already; make another");
        if (content.Keys.Count >= RegisterContent.Most) return Refuse($"the register has {RegisterContent.Most} keys, which is the most");
        return new RegisterEdit
        {
            Keys = [key],
            Change = new RegisterChange("key-issued", SubjectOf(key), key.Created, key.By, key.Reason, Nothing, $"live until {Text(key.Expires)}"),
        };
    }

    /// <summary>Puts a new key in the place of one that ends then, if it did not end sooner.</summary>
    /// <param name="next">The new key, of whichever consumer: it becomes the old one's.</param>
    public static RegisterEdit Rotate(RegisterContent content, string id, IssuedKey next, DateTimeOffset end)
    {
        if (content.FindKey(id) is not { } old) return Unknown(content, id);
        if (old.StateAt(next.Created) is "revoked" or "expired")
            return Refuse($"the key {id} of {old.Consumer} is {old.StateAt(next.Created)}; create one instead");
        if (content.FindKey(next.Id) is not null) return Refuse("a key has this id already; make another");
        if (content.Keys.Count >= RegisterContent.Most) return Refuse($"the register has {RegisterContent.Most} keys, which is the most");
        var ending = old with { Expires = old.Expires < end ? old.Expires : end };
        return new RegisterEdit
        {
            Keys = [ending, next with { Consumer = old.Consumer }],
            Change = new RegisterChange("key-rotated", SubjectOf(old), next.Created, next.By, next.Reason, $"live until {Text(old.Expires)}",
                $"live until {Text(ending.Expires)}; key {next.Id} live until {Text(next.Expires)}"),
        };
    }

    public static RegisterEdit Revoke(RegisterContent content, string id, Ending ending)
    {
        if (content.FindKey(id) is not { } key) return Unknown(content, id);
        if (key.Revoked is { } before) return Refuse($"the key {id} of {key.Consumer} was revoked at {Text(before.At)} by {before.By}: {before.Reason}");
        return new RegisterEdit
        {
            Keys = [key with { Revoked = ending }],
            Change = new RegisterChange("key-revoked", SubjectOf(key), ending.At, ending.By, ending.Reason,
                $"{key.StateAt(ending.At)}, until {Text(key.Expires)}", "revoked"),
        };
    }

    public static RegisterEdit Suspend(RegisterContent content, Suspension wanted)
    {
        var before = content.Find(wanted.Kind, wanted.Name);
        if (before is null && content.Suspensions.Count >= RegisterContent.Most)
            return Refuse($"the register has {RegisterContent.Most} suspensions, which is the most");
        var now = Later(wanted.Since, before);
        return new RegisterEdit
        {
            Suspensions = [wanted with { Since = now }],
            Change = new RegisterChange("suspended", SubjectOf(wanted), now, wanted.By, wanted.Reason, StateOf(before, now), StateOf(wanted, now)),
        };
    }

    public static RegisterEdit Resume(RegisterContent content, SuspendedKind kind, string name, Ending resumed)
    {
        var before = content.Find(kind, name);
        if (before is { Resumed: { } already })
            return Refuse($"{Suspension.Word(kind)} {name} was resumed at {Text(already.At)} by {already.By}: {already.Reason}");
        var now = Later(resumed.At, before);
        // what a store knows nothing of may be known to instances: it was emptied
        var after = (before ?? new Suspension(kind, name, now, null, resumed.By, "not known here")) with { Resumed = resumed with { At = now } };
        return new RegisterEdit
        {
            Suspensions = [after],
            Change = new RegisterChange("resumed", SubjectOf(after), now, resumed.By, resumed.Reason, StateOf(before, now), StateOf(after, now)),
        };
    }

    public static string Text(DateTimeOffset instant) =>
        instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static RegisterEdit Refuse(string why) => new() { Refusal = why };

    private static RegisterEdit Unknown(RegisterContent content, string id) =>
        Refuse($"the register has no key '{Show.Bounded(id)}'. {Nearest.Hint(id, content.Keys.Select(k => k.Id))}".TrimEnd());

    /// <summary>Clocks of machines differ: what is said after something else is later than it.</summary>
    private static DateTimeOffset Later(DateTimeOffset now, Suspension? before) =>
        before is null || now > before.Changed ? now : before.Changed.AddMilliseconds(1);

    private static string SubjectOf(IssuedKey key) => $"key {key.Id} of {key.Consumer}";

    private static string SubjectOf(Suspension suspension) => $"{Suspension.Word(suspension.Kind)} {suspension.Name}";

    private static string StateOf(Suspension? suspension, DateTimeOffset now) =>
        suspension is null || !suspension.IsInForceAt(now) ? "not suspended"
        : suspension.Until is { } end ? $"suspended until {Text(end)}" : "suspended";
}

using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>keys</c>: under what secret API keys are hashed.</summary>
internal static class KeysSection
{
    public static readonly Key<string> Pepper =
        new("pepper", SecretReference.Shape, "Where the secret is under which API keys are hashed: file:PATH or env:NAME. At least 32 bytes.")
        {
            Required = true,
        };

    public static readonly Shape<KeysText> Shape =
        new Section<KeysText>("keys", [Pepper], text => text.Find(Pepper) is { } pepper ? new KeysText(pepper) : null);
}

internal sealed record KeysText(Located<string> Pepper);

/// <summary><c>log</c>: where records go.</summary>
internal static class LogSection
{
    public static readonly Key<string> Access = new("access", DecisionShapes.File(), "The access log: stdout, or a file.");

    public static readonly Shape<LogText> Shape = new Section<LogText>("log", [Access], text => new LogText(text.Find(Access)));
}

internal sealed record LogText(Located<string>? Access);

/// <summary><c>drain</c>: how the gateway stops.</summary>
internal static class DrainSection
{
    public static readonly Drain Usual = new(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30));

    public static readonly Key<TimeSpan> Announce = new("announce", Shapes.Duration(TimeSpan.Zero, TimeSpan.FromMinutes(5)),
        "How long new requests are still served after a stop was asked for; 5s unless written.");
    public static readonly Key<TimeSpan> Finish = new("finish", Shapes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
        "How long exchanges in flight may take to finish after that; 30s unless written.");

    public static readonly Shape<Drain> Shape =
        new Section<Drain>("drain", [Announce, Finish], text => new Drain(text.Get(Announce, Usual.Announce), text.Get(Finish, Usual.Finish)));
}

/// <summary><c>overload</c>: from when on the gateway sheds work, because it is short itself.</summary>
internal static class OverloadSection
{
    private static readonly OverloadLimits Usual = OverloadLimits.Usual;

    public static readonly Key<TimeSpan> Delay = new("delay", Shapes.Duration(TimeSpan.FromMilliseconds(5), TimeSpan.FromSeconds(10)),
        "How long the gateway's own work may wait before work is shed; 50ms unless written.");
    public static readonly Key<int> Memory = new("memory", Shapes.Whole(20, 95),
        "The percentage of the memory that the process may have, in use, at which work is shed; 85 unless written.");
    public static readonly Key<string> Off = new("off", Shapes.Text(), "Why nothing is shed.");

    public static readonly Shape<OverloadLimits> Shape = new Section<OverloadLimits>("overload", [Delay, Memory, Off], text =>
    {
        var read = new OverloadLimits { Delay = text.Get(Delay, Usual.Delay), Memory = text.Get(Memory, Usual.Memory), Off = text.Get(Off) };
        if (text.Has(Off) && (text.Has(Delay) || text.Has(Memory)))
            text.Complain(Rules.Contradiction, Off, "an overload that is off sheds nothing", "write either 'off' or 'delay' and 'memory'");
        return read;
    });
}

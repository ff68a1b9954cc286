using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Own;

/// <summary>
/// A kind of policy that a host brings along, written in C#. A route asks for it under <c>policies</c>, by the kind's name; it is compiled
/// once for each such route. It decides after the caller is known, may call and is within the limits, and before a body is read: that place
/// is the catalogue's, and the same for all.
/// </summary>
public abstract class PolicyKind
{
    /// <param name="name">Lower-case letters, digits and hyphens, at most 64: <c>opening-hours</c>.</param>
    /// <param name="doc">What it does, in one or two sentences, for editors.</param>
    protected PolicyKind(string name, string doc)
    {
        if (!Configuration.Shapes.IsName(name))
            throw new ArgumentException($"'{name}' is not a name of lower-case letters, digits and hyphens", nameof(name));
        ArgumentException.ThrowIfNullOrWhiteSpace(doc);
        Name = name;
        Doc = doc;
    }

    /// <summary>As routes write it.</summary>
    public string Name { get; }

    /// <summary>What it does.</summary>
    public string Doc { get; }

    /// <summary>What a route may say. Everything else is a finding.</summary>
    public abstract IReadOnlyList<PolicySetting> Settings { get; }

    /// <summary>Why these settings cannot be enforced together; null when they can. The declaration does not load with an objection.</summary>
    public virtual string? ObjectionTo(PolicySettings settings) => null;

    /// <summary>The policy for one route. It serves many exchanges at once.</summary>
    /// <param name="clock">The only clock to ask.</param>
    public abstract Policy Compile(PolicySettings settings, TimeProvider clock);
}

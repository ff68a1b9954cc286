using Gatehouse.Configuration;

namespace Gatehouse.Consumers;

/// <summary>The name of a consumer in the declaration.</summary>
internal readonly record struct ConsumerId(string Value)
{
    public override string ToString() => Value;
}

/// <summary>A right that a consumer holds and a route asks for. Compared character by character (RFC 6749 section 3.3).</summary>
internal readonly record struct Scope(string Value)
{
    public override string ToString() => Value;
}

internal enum ConsumerKind
{
    Application,
    Partner,
    Service,
}

/// <summary>Who calls: a program that the declaration names, with what proves that it is the one.</summary>
internal sealed class Consumer
{
    public required ConsumerId Id { get; init; }

    public required ConsumerKind Kind { get; init; }

    /// <summary>Who answers for this consumer.</summary>
    public required string Owner { get; init; }

    /// <summary>What a key or a certificate of this consumer may ask for.</summary>
    public required IReadOnlySet<Scope> Grants { get; init; }

    /// <summary>Whether <see cref="Grants"/> are written, and so cut down the scopes of this consumer's tokens too.</summary>
    public bool BoundsTokens { get; init; }

    /// <summary>From where it may call, whichever entry holds; null for everywhere.</summary>
    public AddressRules? Addresses { get; init; }

    /// <summary>Alternatives: one of them has to hold completely.</summary>
    internal required IReadOnlyList<Authentication> Authenticate { get; init; }
}

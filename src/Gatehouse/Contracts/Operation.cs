using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Contracts;

/// <summary>An operation of a contract.</summary>
/// <param name="Method">As it is sent; methods are case-sensitive.</param>
/// <param name="Path">The path as the contract writes it.</param>
/// <param name="Template">The path as a route writes it; null when no route can.</param>
/// <param name="Place">Where the operation begins.</param>
internal sealed record Operation(string Method, string Path, PathTemplate? Template, Place Place)
{
    /// <summary>The operationId, or null.</summary>
    public string? Id { get; init; }

    /// <summary>A line about it, as the contract writes it: any text at all; or null.</summary>
    public string? Summary { get; init; }

    /// <summary>Whether the contract advises against it.</summary>
    public bool Deprecated { get; init; }

    /// <summary>Why no route can say the path; null when one can.</summary>
    public string? Why { get; init; }

    /// <summary>What the operation is called in lists.</summary>
    public string Name => Show.Bounded(Id ?? $"{Method} {Path}");

    /// <summary>What the operation is called in findings.</summary>
    public string FullName => Id is null ? Name : $"{Name} ({Show.Bounded($"{Method} {Path}")})";

    /// <summary>The same text for two routes exactly when they take the same method and paths, whatever the names in the paths.</summary>
    public static string Key(string method, PathTemplate path)
    {
        var key = new StringBuilder(method);
        foreach (var segment in path.Segments)
        {
            key.Append('/').Append(segment.Prefix);
            if (segment.Kind != SegmentKind.Literal) key.Append(segment.Kind == SegmentKind.Rest ? "{**}" : "{}").Append(segment.Suffix);
        }

        return key.ToString();
    }
}

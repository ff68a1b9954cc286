namespace Gatehouse.Pipeline;

/// <summary>Whose fault a refusal is.</summary>
internal enum ProblemSource
{
    /// <summary>The client's request.</summary>
    Downstream,

    /// <summary>The gateway itself.</summary>
    Gateway,

    /// <summary>The service behind the gateway.</summary>
    Upstream,
}

/// <summary>A refusal as the client sees it (RFC 9457). Nothing internal is in it; the real reason goes to the log.</summary>
public sealed class Problem
{
    private const int LongestName = 64;
    private const int LongestTitle = 200;

    internal Problem(string name, int status, string title, ProblemSource source, bool closes = false)
    {
        Name = name;
        Type = "urn:gatehouse:problem:" + name;
        Status = status;
        Title = title;
        Source = source;
        Closes = closes;
    }

    /// <summary>Stable: <c>limit-exceeded</c>; that of a host's own policy begins with <c>custom/</c>.</summary>
    public string Name { get; }

    /// <summary>The URI that identifies this kind of problem: <c>urn:gatehouse:problem:</c> and the name.</summary>
    public string Type { get; }

    /// <summary>The HTTP status code.</summary>
    public int Status { get; }

    /// <summary>A short sentence for people, the same for every occurrence.</summary>
    public string Title { get; }

    /// <summary>Whose fault it is.</summary>
    internal ProblemSource Source { get; }

    /// <summary>Whether the connection is closed after the answer.</summary>
    internal bool Closes { get; }

    /// <summary>A refusal of a host's own policy. Make it once and keep it: its name is a label of metrics.</summary>
    /// <param name="name">Lower-case letters, digits and hyphens, at most 64; the problem is called <c>custom/</c> and this name.</param>
    /// <param name="status">From 400 to 599.</param>
    /// <param name="title">What the client reads, at most 200 characters: nothing internal, nothing of the request.</param>
    public static Problem Custom(string name, int status, string title)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentException.ThrowIfNullOrWhiteSpace(title);
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 400);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(status, 599);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(title.Length, LongestTitle);
        if (name.Length is 0 or > LongestName || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            throw new ArgumentException($"'{name}' is not a name of lower-case letters, digits and hyphens", nameof(name));
        return new Problem("custom/" + name, status, title, status < 500 ? ProblemSource.Downstream : ProblemSource.Gateway);
    }

    /// <inheritdoc />
    public override string ToString() => Name;
}

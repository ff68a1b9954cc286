namespace Gatehouse.Telemetry;

/// <summary>
/// What of HTTP may stand in labels and spans, by OpenTelemetry's semantic conventions: closed lists, whatever a client or a service says.
/// </summary>
internal static class HttpWords
{
    /// <summary>Every other method: a client may write any word.</summary>
    public const string OtherMethod = "_OTHER";

    /// <summary>The methods of RFC 9110 and RFC 5789; the last stands for all others.</summary>
    public static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", OtherMethod];

    private const int FirstStatus = 100;
    private static readonly object[] Boxed = [.. Enumerable.Range(FirstStatus, 500).Select(static s => (object)(long)s)];
    private static readonly string[] Texts = [.. Enumerable.Range(FirstStatus, 500).Select(static s => $"{s}")];

    /// <summary>The place of a method in <see cref="Methods"/>.</summary>
    public static int PlaceOf(string method)
    {
        for (var i = 0; i < Methods.Length - 1; i++)
            if (Methods[i] == method) return i;
        return Methods.Length - 1;
    }

    /// <summary>A status as a label, without allocating; null where it is none.</summary>
    public static object? LabelOf(int status) => status is >= FirstStatus and < 600 ? Boxed[status - FirstStatus] : null;

    /// <summary>A status as a text; null where it is none.</summary>
    public static string? TextOf(int status) => status is >= FirstStatus and < 600 ? Texts[status - FirstStatus] : null;

    /// <summary>The version in <c>HTTP/1.1</c>: <c>1.1</c>, <c>2</c>.</summary>
    public static string VersionOf(string protocol) => protocol switch
    {
        "HTTP/2" => "2",
        "HTTP/1.0" => "1.0",
        _ => "1.1",
    };
}

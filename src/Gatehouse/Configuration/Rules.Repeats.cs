namespace Gatehouse.Configuration;

/// <summary>The rules about requests that are sent more than once, or to more than one upstream.</summary>
internal static partial class Rules
{
    public static readonly Rule Repetition = new(
        "GH1032", "Requests are sent again only where that does no harm", Severity.Error,
        "A payment that is sent twice is paid twice, and repetitions add to what has made a service fail.");
    public static readonly Rule MirroredPeople = new(
        "GH2060", "Requests about people are not mirrored", Severity.Error,
        "A copy of a request takes what it says of somebody to a place that nobody asked for.", Waivable: true);
}

using System.Globalization;

namespace Gatehouse.FunctionalTests.Overload;

/// <summary>What became of a load that was offered.</summary>
/// <param name="Capacity">Calls in a second that were answered when no more were made than that.</param>
internal sealed record Offered(double Capacity, IReadOnlyList<Answer> High, IReadOnlyList<Answer> Low, TimeSpan SlowestAdministration)
{
    /// <summary>Calls in a second that were answered with 200.</summary>
    public double Served => High.Concat(Low).Count(a => a.Status == 200) / SheddingTests.Offering.TotalSeconds;

    /// <summary>The time in which this share of the good answers was there.</summary>
    public static TimeSpan Percentile(IReadOnlyList<Answer> answers, double share)
    {
        var took = answers.Where(a => a.Status == 200).Select(a => a.Took).Order().ToList();
        return took.Count == 0 ? TimeSpan.MaxValue : took[(int)(share * (took.Count - 1))];
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"capacity {Capacity:0}/s, served {Served:0}/s; high: {Summary(High)}; low: {Summary(Low)}; administration at worst {Ms(SlowestAdministration)}");

    private static string Summary(IReadOnlyList<Answer> answers)
    {
        var by = answers.GroupBy(a => a.Status).OrderBy(g => g.Key).Select(g => $"{g.Count()} with {g.Key}");
        return $"{string.Join(", ", by)}, median {Ms(Percentile(answers, 0.5))}, p95 {Ms(Percentile(answers, 0.95))}";
    }

    private static string Ms(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0} ms");
}

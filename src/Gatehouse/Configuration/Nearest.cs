namespace Gatehouse.Configuration;

/// <summary>Finds what somebody probably meant.</summary>
internal static class Nearest
{
    private const int LongestCompared = 64;
    private const int MostCompared = 2000;

    /// <summary>"did you mean 'orders'?", "known: a, b" when few are known, or null.</summary>
    public static string? Hint(string written, IEnumerable<string> known)
    {
        var names = known.Take(MostCompared).ToList();
        string? best = null;
        var bestDistance = Math.Max(1, Math.Min(written.Length, LongestCompared) / 3) + 1;
        foreach (var name in names)
        {
            if (Math.Abs(written.Length - name.Length) >= bestDistance) continue;
            var distance = Distance(written, name);
            if (distance >= bestDistance) continue;
            (best, bestDistance) = (name, distance);
        }

        if (best is not null) return $"did you mean '{Show.Bounded(best)}'?";
        return names.Count is > 0 and <= 12 ? "known: " + string.Join(", ", names.Order(StringComparer.Ordinal).Select(Show.Bounded)) : null;
    }

    /// <summary>Edits (insert, delete, replace, swap of neighbours) that lead from one text to the other, ignoring case.</summary>
    private static int Distance(string a, string b)
    {
        if (a.Length > LongestCompared || b.Length > LongestCompared) return int.MaxValue;
        var beforeLast = new int[b.Length + 1];
        var last = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var row = new int[b.Length + 1];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var same = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]);
                row[j] = Math.Min(Math.Min(row[j - 1], last[j]) + 1, last[j - 1] + (same ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = Math.Min(row[j], beforeLast[j - 2] + 1);
            }

            (beforeLast, last) = (last, row);
        }

        return last[b.Length];
    }
}

using System.Globalization;
using Gatehouse.Configuration;

namespace Gatehouse.Declaration.Checks;

/// <summary>Reviews that were planned have not been forgotten.</summary>
internal static class RouteReviews
{
    public static void Check(Draft draft)
    {
        foreach (var route in draft.Routes)
            if (route.Review is { } review && review.Value <= draft.Today)
                draft.Findings.Add(Rules.Review, review.Place, string.Create(CultureInfo.InvariantCulture, $"the review of route {route.Id} was due on {review.Value:yyyy-MM-dd}"),
                    "look at its decisions again and write the next date");
    }
}

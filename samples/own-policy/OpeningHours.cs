using System.Globalization;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Own;

namespace OwnPolicy;

/// <summary>Answers only while a service is staffed: <c>policies: { opening-hours: { opens: 8, closes: 18 } }</c>.</summary>
public sealed class OpeningHours() : PolicyKind("opening-hours", "Answers only between two hours of the day, in UTC.")
{
    private static readonly PolicySetting<int> Opens = PolicySetting.Whole("opens", "The first hour that is open.", 0, 23, required: true);
    private static readonly PolicySetting<int> Closes = PolicySetting.Whole("closes", "The first hour that is closed again.", 1, 24, required: true);

    public override IReadOnlyList<PolicySetting> Settings => [Opens, Closes];

    public override string? ObjectionTo(PolicySettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        // a setting that could not be read is a finding already
        var (opens, closes) = (settings.Get(Opens, 0), settings.Get(Closes, 24));
        return closes > opens ? null : "it closes before it opens";
    }

    public override Policy Compile(PolicySettings settings, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return new OpenBetween(settings.Get(Opens), settings.Get(Closes), clock);
    }

    /// <summary>One route's hours. What does not change is made once; a request allocates nothing.</summary>
    private sealed class OpenBetween(int opens, int closes, TimeProvider clock) : Policy
    {
        private static readonly Verdict Closed = Verdict.Reject(
            Problem.Custom("closed", 503, "The service is closed at this hour."),
            "outside the opening hours");

        public override string Name => "opening-hours";

        public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
        {
            var hour = clock.GetUtcNow().Hour;
            return new(hour >= opens && hour < closes ? Verdict.Continue : Closed);
        }

        public override void OnResponse(Exchange exchange)
        {
            if (exchange?.Problem?.Name != "custom/closed") return;
            var now = clock.GetUtcNow();
            var opening = now.Date.AddHours(opens);
            if (opening <= now.UtcDateTime) opening = opening.AddDays(1);
            exchange.ResponseHeaders.RetryAfter =
                ((long)Math.Ceiling((opening - now.UtcDateTime).TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }
    }
}

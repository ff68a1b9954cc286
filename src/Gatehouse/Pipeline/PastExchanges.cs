namespace Gatehouse.Pipeline;

/// <summary>
/// The exchanges that ended last, bounded in number and age, so that one can be explained by its id. Refusals and answers from 400 on have places of
/// their own: traffic that goes well does not push them out. Remembering one copies a structure into a place that is there already; nothing waits.
/// </summary>
/// <param name="places">How many of each sort are remembered.</param>
/// <param name="longest">For how long.</param>
internal sealed class PastExchanges(TimeProvider clock, int places = PastExchanges.UsualPlaces, TimeSpan? longest = null)
{
    public const int UsualPlaces = 8_192;
    private const int FirstError = 400;
    private readonly Ring _served = new(places);
    private readonly Ring _refused = new(places);

    public TimeSpan Longest { get; } = longest ?? TimeSpan.FromHours(1);

    public void Add(in PastExchange exchange) => (exchange.Status >= FirstError || exchange.Problem is not null ? _refused : _served).Add(exchange);

    /// <summary>The exchange of that id, where it is remembered and young enough.</summary>
    public bool TryFind(UInt128 id, out PastExchange found) =>
        (_refused.TryFind(id, out found) || _served.TryFind(id, out found)) && found.EndedAt >= OldestTicks;

    /// <summary>
    /// From when on every refusal, and every other exchange, is still remembered; null where there is none. What is older than
    /// <see cref="Longest"/> does not count.
    /// </summary>
    public (DateTimeOffset? Refused, DateTimeOffset? Served) Since() => (At(_refused.Oldest(OldestTicks)), At(_served.Oldest(OldestTicks)));

    private long OldestTicks => (clock.GetUtcNow() - Longest).UtcTicks;

    private static DateTimeOffset? At(long ticks) => ticks == long.MaxValue ? null : new DateTimeOffset(ticks, TimeSpan.Zero);

    private sealed class Ring(int places)
    {
        private const int MostTries = 4;
        private readonly Place[] _places = new Place[places];
        private long _next = -1;

        public void Add(in PastExchange exchange)
        {
            for (var i = 0; i < MostTries; i++)
            {
                ref var place = ref _places[(int)((ulong)Interlocked.Increment(ref _next) % (ulong)_places.Length)];
                if (Interlocked.CompareExchange(ref place.Busy, 1, 0) != 0) continue; // somebody reads or writes it: the next one will do
                place.Exchange = exchange;
                Volatile.Write(ref place.Busy, 0);
                return;
            }
        }

        public bool TryFind(UInt128 id, out PastExchange found)
        {
            for (var i = 0; i < _places.Length; i++)
            {
                ref var place = ref _places[i];
                Take(ref place);
                var isIt = place.Exchange.EndedAt != 0 && place.Exchange.Id == id;
                found = isIt ? place.Exchange : default;
                Volatile.Write(ref place.Busy, 0);
                if (isIt) return true;
            }

            found = default;
            return false;
        }

        public long Oldest(long notBefore)
        {
            var oldest = long.MaxValue;
            for (var i = 0; i < _places.Length; i++)
            {
                var at = Volatile.Read(ref _places[i].Exchange.EndedAt);
                if (at >= notBefore && at < oldest) oldest = at;
            }

            return oldest;
        }

        private static void Take(ref Place place)
        {
            var wait = default(SpinWait);
            while (Interlocked.CompareExchange(ref place.Busy, 1, 0) != 0) wait.SpinOnce();
        }
    }

    private struct Place
    {
        public int Busy;
        public PastExchange Exchange;
    }
}

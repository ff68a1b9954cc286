using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Ledger;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Limits;
using Gatehouse.TestKit;
using Xunit;

namespace Gatehouse.Tests.Policies.Limits;

/// <summary>Quotas with a file on disk. Every gateway here is a harness: to dispose of its state is to stop it in order.</summary>
public sealed class QuotaTests : IDisposable
{
    private const string Free = "limits: [ { per: all, allow: 10000000, every: 1s } ]\n";

    private readonly TestFolder _folder = new();
    private readonly List<PolicyHarness> _gateways = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        foreach (var gateway in _gateways) gateway.State.Dispose();
        _folder.Dispose();
    }

    private PolicyHarness Start(DateTimeOffset? at = null)
    {
        var gateway = new PolicyHarness { QuotaFile = _folder.Of("quotas.db") };
        if (at is { } now) gateway.Clock.SetUtcNow(now);
        _gateways.Add(gateway);
        return gateway;
    }

    private static Policy Compile(PolicyHarness gateway, string quotas, string more = Free) =>
        gateway.Compile(new LimitsKind(), $"{more}quotas: {quotas}")!;

    private static async Task<Exchange> CallAsync(PolicyHarness gateway, Policy policy, string consumer = "shop")
    {
        var exchange = gateway.Exchange(peer: "192.0.2.1");
        exchange.Caller = PolicyHarness.Caller(new Consumer
        {
            Id = new ConsumerId(consumer),
            Kind = ConsumerKind.Application,
            Owner = "o",
            Grants = new HashSet<Scope>(),
            Authenticate = [],
        });
        exchange.Problem = (await policy.OnRequestAsync(exchange)).Problem;
        policy.OnResponse(exchange);
        policy.OnFinished(exchange);
        return exchange;
    }

    private static async Task<int> AllowedAsync(PolicyHarness gateway, Policy policy, int calls, string consumer = "shop")
    {
        var allowed = 0;
        for (var i = 0; i < calls; i++)
        {
            var problem = (await CallAsync(gateway, policy, consumer)).Problem;
            if (problem is null) allowed++;
            else Assert.True(ReferenceEquals(problem, Problems.QuotaExceeded), $"{problem}: {gateway.Told}");
        }

        return allowed;
    }

    [Fact]
    [Control("RTE-6")]
    [Control("RTE-4")]
    public async Task Stops_at_the_cap_until_the_day_ends()
    {
        var gateway = Start(); // at noon
        var policy = Compile(gateway, "[ { per: consumer, allow: 3, every: day } ]");
        var first = await CallAsync(gateway, policy);
        Assert.Equal("\"all\";q=10000000;w=1, \"consumer-day\";q=3;w=86400", first.ResponseHeaders["RateLimit-Policy"]);
        Assert.Equal("\"consumer-day\";r=2;t=43200", first.ResponseHeaders["RateLimit"]);
        Assert.Equal(2, await AllowedAsync(gateway, policy, 5));
        var refused = await CallAsync(gateway, policy);
        Assert.Equal((Problems.QuotaExceeded, "\"consumer-day\";r=0;t=43200", "43200"),
            (refused.Problem, refused.ResponseHeaders["RateLimit"].ToString(), refused.ResponseHeaders.RetryAfter.ToString()));
        Assert.Equal(3, await AllowedAsync(gateway, policy, 5, "app"));

        gateway.Clock.Advance(TimeSpan.FromSeconds(43_199));
        Assert.Equal("1", (await CallAsync(gateway, policy)).ResponseHeaders.RetryAfter);
        gateway.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(3, await AllowedAsync(gateway, policy, 5));
    }

    [Fact]
    [Control("RTE-6")]
    public async Task Counts_calendar_months()
    {
        var gateway = Start(new DateTimeOffset(2027, 1, 31, 23, 59, 0, TimeSpan.Zero));
        var policy = Compile(gateway, "[ { per: api, allow: 2, every: month } ]");
        Assert.Equal(2, await AllowedAsync(gateway, policy, 5));
        var refused = await CallAsync(gateway, policy);
        Assert.Equal("60", refused.ResponseHeaders.RetryAfter);
        Assert.Contains("\"api-month\";q=2", refused.ResponseHeaders["RateLimit-Policy"].ToString(), StringComparison.Ordinal);
        gateway.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(2, await AllowedAsync(gateway, policy, 5));
        gateway.Clock.Advance(TimeSpan.FromDays(27.9));
        Assert.Equal(0, await AllowedAsync(gateway, policy, 5));
        gateway.Clock.Advance(TimeSpan.FromDays(0.2));
        Assert.Equal(2, await AllowedAsync(gateway, policy, 5));
    }

    [Theory]
    [Control("RTE-6")]
    [InlineData(10)]
    [InlineData(1000)]
    public async Task Goes_on_where_it_was_after_a_restart(int allow)
    {
        var quota = $"[ {{ per: consumer, allow: {allow}, every: day }} ]";
        var before = Start();
        Assert.Equal(7, await AllowedAsync(before, Compile(before, quota), 7));
        before.State.Dispose();
        var after = Start();
        Assert.Equal(allow - 7, await AllowedAsync(after, Compile(after, quota), allow));
        Assert.Equal(0, await AllowedAsync(after, Compile(after, quota), 3));
    }

    [Theory]
    [Control("RTE-6")]
    [InlineData(10, 1)]
    [InlineData(1000, 10)]
    public async Task Loses_at_most_a_hundredth_and_never_gains_when_it_is_killed(int allow, int lost)
    {
        var quota = $"[ {{ per: consumer, allow: {allow}, every: day }} ]";
        var killed = Start(); // nobody stops it in order
        Assert.Equal(7, await AllowedAsync(killed, Compile(killed, quota), 7));
        File.Copy(_folder.Of("quotas.db"), _folder.Of("left.db")); // what a killed process leaves: the file, and its log
        File.Copy(_folder.Of("quotas.db-wal"), _folder.Of("left.db-wal"));
        var after = new PolicyHarness { QuotaFile = _folder.Of("left.db") };
        _gateways.Add(after);
        Assert.InRange(await AllowedAsync(after, Compile(after, quota), allow), allow - 7 - lost, allow - 7);
    }

    [Theory]
    [Control("RTE-1")]
    [Control("RTE-6")]
    [InlineData(50)]
    [InlineData(1000)]
    public async Task Counts_exactly_when_many_call_at_once(int allow)
    {
        var gateway = Start();
        var policy = Compile(gateway, $"[ {{ per: api, allow: 1000000, every: month }}, {{ per: consumer, allow: {allow}, every: day }} ]");
        var allowed = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => AllowedAsync(gateway, policy, 200))));
        Assert.Equal(allow, allowed.Sum());
        var api = Compile(gateway, "[ { per: api, allow: 1000000, every: month } ]"); // what one refuses costs nothing in the other
        Assert.Equal(1_000_000 - allow - 1, (await CallAsync(gateway, api)).TightestLimit!.Value.Remaining);
    }

    [Fact]
    [Control("RTE-6")]
    public async Task Takes_what_calls_cost()
    {
        var gateway = Start();
        var policy = Compile(gateway, "[ { per: consumer, allow: 10, every: day, count: cost } ]", Free + "cost: 4\n");
        Assert.Equal(2, await AllowedAsync(gateway, policy, 5));
        Assert.Equal("\"consumer-day\";r=2;t=43200", (await CallAsync(gateway, policy)).ResponseHeaders["RateLimit"]);
        var cheap = Compile(gateway, "[ { per: consumer, allow: 10, every: day, count: cost } ]");
        Assert.Equal(2, await AllowedAsync(gateway, cheap, 5));
    }

    [Fact]
    [Control("RTE-6")]
    [Control("AVL-3", "quota store")]
    public async Task Is_closed_while_the_file_cannot_be_written_and_opens_by_itself()
    {
        var gateway = Start();
        var place = gateway.QuotaFile = _folder.Of("later/quotas.db"); // its folder is not there yet
        var policy = Compile(gateway, "[ { per: consumer, allow: 5, every: day } ]");
        Assert.Same(Problems.QuotaUnavailable, (await CallAsync(gateway, policy)).Problem);
        await TellsAsync(gateway, "quotas cannot be kept in");
        Directory.CreateDirectory(_folder.Of("later"));
        await Eventually.HoldsAsync(async () => (await CallAsync(gateway, policy)).Problem is null, Cancel);
        await TellsAsync(gateway, "quotas are kept again in");
        Assert.Equal(4, await AllowedAsync(gateway, policy, 10));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(place) | File.GetUnixFileMode(place + "-wal"));
    }

    [Fact]
    [Control("AVL-3", "quota store")]
    public async Task Keeps_nobody_out_by_what_it_only_reports_when_the_file_cannot_be_written()
    {
        var gateway = Start();
        gateway.QuotaFile = _folder.Of("never/quotas.db");
        var policy = Compile(gateway, "[ { per: consumer, allow: 1, every: day, report: only } ]");
        for (var i = 0; i < 5; i++) Assert.Null((await CallAsync(gateway, policy)).Problem);
    }

    [Fact]
    public async Task Counts_the_first_call_of_each_caller_also_where_it_only_reports()
    {
        var gateway = Start();
        var policy = Compile(gateway, "[ { per: consumer, allow: 3, every: day, report: only } ]");
        foreach (var consumer in (string[])["shop", "till"]) Assert.Null((await CallAsync(gateway, policy, consumer)).Problem);
        var enforced = Compile(gateway, "[ { per: consumer, allow: 3, every: day } ]"); // with what was counted so far
        Assert.Equal((2, 2), (await AllowedAsync(gateway, enforced, 9), await AllowedAsync(gateway, enforced, 9, "till")));
    }

    [Fact]
    public async Task Charges_nothing_of_what_it_only_reports_when_another_limit_refuses()
    {
        var gateway = Start();
        var policy = Compile(
            gateway, "[ { per: consumer, allow: 3, every: day, report: only }, { name: none, per: route, allow: 1, every: day } ]");
        Assert.Null((await CallAsync(gateway, policy)).Problem);
        foreach (var consumer in (string[])["till", "till"]) Assert.NotNull((await CallAsync(gateway, policy, consumer)).Problem);
        var enforced = Compile(gateway, "[ { per: consumer, allow: 3, every: day } ]");
        Assert.Equal((2, 3), (await AllowedAsync(gateway, enforced, 9), await AllowedAsync(gateway, enforced, 9, "till")));
    }

    [Fact]
    public async Task Closes_a_file_to_others_that_was_open_to_them()
    {
        if (OperatingSystem.IsWindows()) return;
        var path = _folder.Write("quotas.db", "");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        var gateway = Start();
        Assert.Equal(1, await AllowedAsync(gateway, Compile(gateway, "[ { per: consumer, allow: 1, every: day } ]"), 2));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    [Control("RTE-9")]
    public async Task Is_not_reset_by_a_clock_that_goes_back_and_keeps_nobody_out_for_long()
    {
        var gateway = Start();
        var policy = Compile(gateway, "[ { per: consumer, allow: 4, every: day } ]");
        Assert.Equal(3, await AllowedAsync(gateway, policy, 3));
        gateway.State.Dispose();

        var ahead = Start(new DateTimeOffset(2027, 11, 25, 12, 0, 0, TimeSpan.Zero)); // wrong by a year
        Assert.Equal(2, await AllowedAsync(ahead, Compile(ahead, "[ { per: consumer, allow: 4, every: day } ]"), 2));
        ahead.State.Dispose();

        var back = Start();
        policy = Compile(back, "[ { per: consumer, allow: 4, every: day } ]");
        Assert.Equal(0, await AllowedAsync(back, policy, 5)); // three of that day, and two of the other clock's
        back.Clock.Advance(TimeSpan.FromHours(12));
        Assert.Equal(4, await AllowedAsync(back, policy, 5)); // the next day is a whole one
    }

    [Fact]
    [Control("RTE-9")]
    public async Task Stays_in_a_day_that_has_begun_when_the_clock_steps_back_a_little()
    {
        var midnight = new DateTimeOffset(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);
        var clock = new Stepping(midnight.AddMinutes(-30));
        var gateway = Start();
        var policy = new QuotaHarness(gateway, clock).Compile("day", 4);
        Assert.Equal(4, await AllowedAsync(gateway, policy, 5));
        clock.Now = midnight.AddSeconds(1);
        Assert.Equal(2, await AllowedAsync(gateway, policy, 2));
        clock.Now = midnight.AddSeconds(-1); // set back by two seconds
        Assert.Equal(2, await AllowedAsync(gateway, policy, 5));
        clock.Now = midnight.AddSeconds(1);
        Assert.Equal(0, await AllowedAsync(gateway, policy, 5));
    }

    [Fact]
    public async Task Keeps_what_was_spent_over_a_reload_with_another_allowance()
    {
        var gateway = Start();
        Assert.Equal(4, await AllowedAsync(gateway, Compile(gateway, "[ { per: consumer, allow: 4, every: day } ]"), 9));
        Assert.Equal(2, await AllowedAsync(gateway, Compile(gateway, "[ { per: consumer, allow: 6, every: day } ]"), 9));
        Assert.Equal(0, await AllowedAsync(gateway, Compile(gateway, "[ { per: consumer, allow: 1, every: day } ]"), 9));
    }

    [Fact]
    public async Task Charges_no_quota_for_a_call_that_a_limit_refuses_and_asks_the_file_nothing()
    {
        var gateway = Start();
        var policy = Compile(gateway, "[ { per: consumer, allow: 100, every: day } ]", "limits: [ { per: route, allow: 1, every: 1h } ]\n");
        for (var i = 0; i < 20; i++) await CallAsync(gateway, policy, "shop");
        var alone = Compile(gateway, "[ { per: consumer, allow: 100, every: day } ]");
        Assert.Equal(98, (await CallAsync(gateway, alone)).TightestLimit!.Value.Remaining);
    }

    private static Task TellsAsync(PolicyHarness gateway, string text) => Eventually.HoldsAsync(() =>
    {
        lock (gateway.Told) return Task.FromResult(gateway.Told.ToString().Contains(text, StringComparison.Ordinal));
    }, Cancel);

    /// <summary>A clock whose date is set and whose timestamps stand still.</summary>
    private sealed class Stepping(DateTimeOffset now) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => 17;

        public override DateTimeOffset GetUtcNow() => Now;
    }

    /// <summary>A policy of one quota with a clock of its own.</summary>
    private sealed class QuotaHarness(PolicyHarness gateway, TimeProvider clock)
    {
        public MixedLimitsPolicy Compile(string period, int allow)
        {
            var form = period == "day" ? LimitForm.Day : LimitForm.Month;
            var limit = new Limit("quota", Per.Consumer, allow, TimeSpan.FromDays(1)) { Form = form, Place = new Place("", 1, 1) };
            var ledger = gateway.State.Get("quotas", "own", () => new QuotaLedger(gateway.QuotaFile!, gateway.Context.Events!));
            var book = new QuotaBook(ledger, "quota", form, clock);
            var cells = gateway.State.Get("cells", "own", () => new CellTable(new CellBudget(), clock, make: key => new QuotaCell(book, key)));
            return new MixedLimitsPolicy([new QuotaAllowance(limit, 1, cells)], "", clock);
        }
    }
}

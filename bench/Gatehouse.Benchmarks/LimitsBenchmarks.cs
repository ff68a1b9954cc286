using System.Net;
using BenchmarkDotNet.Attributes;
using Gatehouse.Ledger;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Limits;
using Gatehouse.Telemetry;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Benchmarks;

/// <summary>What it costs to count a call by two limits, one for each address and one for everybody, in each form.</summary>
[MemoryDiagnoser]
public class LimitsBenchmarks
{
    private readonly Exchange _exchange = new(
        new DefaultHttpContext { Request = { Method = "GET" } }, null!, 1, 0, "01M8A45X6NK44DKHMDSA7QDZ4S",
        new PeerAddress(IPAddress.Parse("192.0.2.1")));

    private readonly string _folder = Directory.CreateTempSubdirectory("gatehouse-bench-").FullName;

    private LimitsPolicy _even = null!;
    private MixedLimitsPolicy _sliding = null!;
    private MixedLimitsPolicy _atOnce = null!;
    private MixedLimitsPolicy _quota = null!;
    private Action _end = static () => { };

    [GlobalSetup]
    public void Declare()
    {
        var clock = TimeProvider.System;
        var budget = new CellBudget();
        Limit[] limits =
        [
            new("address", Per.Address, 10_000_000, TimeSpan.FromSeconds(1)), new("all", Per.All, 10_000_000, TimeSpan.FromSeconds(1)),
        ];
        _even = new LimitsPolicy(
            [.. limits.Select(l => new CompiledLimit(l, new Rate(l.Allow, l.Every, clock.TimestampFrequency), new CellTable(budget, clock)))],
            "", clock);
        _sliding = new MixedLimitsPolicy(
            [.. limits.Select(l => new SlidingAllowance(l, 1, new CellTable(budget, clock, make: static _ => new SlidingCell()), clock))], "", clock);
        _atOnce = new MixedLimitsPolicy(
            [.. limits.Select(l => new AtOnceAllowance(l, new CellTable(budget, clock, make: static _ => new AtOnceCell()), clock))], "", clock);
        var ledger = new QuotaLedger(Path.Combine(_folder, "quotas.db"), new EventWriter(Console.Error, clock));
        _end = ledger.Dispose;
        _quota = new MixedLimitsPolicy(
            [.. limits.Select(l => Quota(l with { Allow = 2_000_000_000, Form = LimitForm.Month }, ledger, budget))], "", clock);
    }

    [GlobalCleanup]
    public void End()
    {
        _end();
        Directory.Delete(_folder, recursive: true);
    }

    [Benchmark(Baseline = true)]
    public ValueTask<Verdict> Even() => _even.OnRequestAsync(_exchange);

    [Benchmark]
    public ValueTask<Verdict> Sliding() => _sliding.OnRequestAsync(_exchange);

    [Benchmark]
    public ValueTask<Verdict> AtOnce()
    {
        var verdict = _atOnce.OnRequestAsync(_exchange);
        _atOnce.OnFinished(_exchange);
        return verdict;
    }

    [Benchmark]
    public ValueTask<Verdict> QuotaOfAMonth() => _quota.OnRequestAsync(_exchange);

    private static QuotaAllowance Quota(Limit limit, QuotaLedger ledger, CellBudget budget)
    {
        var clock = TimeProvider.System;
        var book = new QuotaBook(ledger, limit.Name, limit.Form, clock);
        return new QuotaAllowance(limit, 1, new CellTable(budget, clock, make: key => new QuotaCell(book, key)));
    }
}

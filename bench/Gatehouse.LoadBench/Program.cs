using Gatehouse.LoadBench;

// Side by side on one machine: the gateway under test on core 0, the upstream (nginx) and the load (wrk) on core 1, in turn, medians of several
// rounds. Needs Debian's haproxy, nginx and wrk. The steady figure is CPU per request; compare within one run only.
return args switch
{
    ["serve-yarp", var port, var upstream] => await BareYarp.ServeAsync(int.Parse(port), upstream),
    ["serve-ordinary", var port, var upstream, var key, var log] => await OrdinaryYarp.ServeAsync(int.Parse(port), upstream, key, log),
    ["serve-gatehouse", var declaration, var told, var log] => await OwnHost.ServeAsync(declaration, told, log),
    ["serve-collector", var port] => await Collector.ServeAsync(int.Parse(port)),
    [] or ["all"] => Suites.Run(Suites.Plain) + Suites.Run(Suites.Gateway) + Suites.Run(Suites.Routes) + Suites.Run(Suites.Swap) + Suites.Run(Suites.Start),
    ["plain", ..] => Suites.Run(Suites.Plain),
    ["gateway", ..] => Suites.Run(Suites.Gateway),
    ["parts", ..] => Suites.Run(Suites.Parts),
    ["routes", ..] => Suites.Run(Suites.Routes),
    ["swap", ..] => Suites.Run(Suites.Swap),
    ["shared", ..] => Suites.Run(SharedSuite.Run),
    ["audit", ..] => AuditSuite.Run() + Suites.Run(DurableWrites.Run),
    ["intake", ..] => Suites.Run(IntakeSuite.Run),
    ["signals", ..] => Suites.Run(SignalsSuite.Run),
    ["start", ..] => Suites.Run(Suites.Start),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine(
        "usage: ./build bench [all | plain | gateway | parts | routes | swap | shared | audit | signals | intake | start]      BENCH_ROUNDS, BENCH_SECONDS and BENCH_WARMUP (seconds) change the length, BENCH_DISK the folder of the trail");
    return 2;
}

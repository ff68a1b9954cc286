using System.Security.Cryptography;
using Gatehouse.Cli;
using Gatehouse.Hosting;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Own;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Gatehouse.TestPrograms;

/// <summary>A gateway whose exchanges cost as much of a processor as the declaration says, so that little load is too much for it.</summary>
internal static class BusyHost
{
    public static async Task<int> RunAsync(string[] args)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.AddGatehouse("gatehouse.yaml", new WorkKind());
        using var host = builder.Build();
        return await host.RunGatehouseAsync(args);
    }

    private sealed class WorkKind() : PolicyKind("work", "Costs time of a processor.")
    {
        private static readonly PolicySetting<int> Rounds = PolicySetting.Whole("rounds", "Rounds of a hash.", 1, 1_000_000, required: true);

        public override IReadOnlyList<PolicySetting> Settings => [Rounds];

        public override Policy Compile(PolicySettings settings, TimeProvider clock) => new Work(settings.Get(Rounds));
    }

    private sealed class Work(int rounds) : Policy
    {
        public override string Name => "work";

        public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
        {
            Span<byte> result = stackalloc byte[32];
            Rfc2898DeriveBytes.Pbkdf2("work"u8, "of a test"u8, result, rounds, HashAlgorithmName.SHA256);
            return new(Verdict.Continue);
        }
    }
}

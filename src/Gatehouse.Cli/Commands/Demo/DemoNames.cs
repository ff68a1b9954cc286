using Gatehouse.Configuration;

namespace Gatehouse.Cli.Commands.Demo;

/// <summary>Says what is wrong with the names that somebody asks a token for, and which would do.</summary>
internal static class DemoNames
{
    private static readonly string[] WithoutToken = ["stock-sync", "acme-freight", "brook-couriers"];

    /// <summary>What is wrong, as a sentence; null when the demo's issuers know the client, and the person as one that it speaks for.</summary>
    public static string? WrongIn(string client, string? person)
    {
        if (WithoutToken.Contains(client, StringComparer.Ordinal))
            return $"{client} takes no token: the calls that the demo prints show what it proves itself with.";
        if (DemoClient.Find(client) is not { } known)
            return $"The demo has no client '{Show.Bounded(client)}'; {Nearest.Hint(client, DemoClient.All.Select(c => c.Name))}";
        if (person is null || DemoPerson.Find(person)?.Issuer == known.Issuer) return null;
        return known.Issuer == DemoPerson.Staff
            ? $"{client} speaks for staff, and '{Show.Bounded(person)}' is none of them: anna (care), paula (privacy), ben (warehouse)."
            : $"{client} speaks for customers, and '{Show.Bounded(person)}' is none of them: customer-17, or another number.";
    }
}

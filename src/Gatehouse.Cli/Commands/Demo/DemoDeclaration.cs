using System.Globalization;
using System.Text;
using Gatehouse.Cli.Commands.Keys;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Retailer.Backends;

namespace Gatehouse.Cli.Commands.Demo;

/// <summary>
/// Writes the demo's declaration, its secrets and the hashes of its keys into a folder: the same files that anybody would write by hand.
/// </summary>
internal static class DemoDeclaration
{
    private const string Pepper = "demo.pepper";
    private const string AssertionKey = "demo.assert.pem";
    private const string Keys = "keys";
    private const string GatewayName = "https://gateway.retailer.example";
    private const string KeysPath = "/.well-known/gatehouse/keys";

    /// <summary>What the services need to know of the gateway in front of them.</summary>
    public static GatewayTrust TrustIn(DemoDoors doors) => new(GatewayName, new Uri(doors.Inside, KeysPath));

    /// <summary>Writes everything; returns the path of the declaration.</summary>
    public static async Task<string> WriteAsync(
        string folder, DemoDoors doors, DemoKeys keys, DemoServices services, DateTimeOffset now, CancellationToken cancelled)
    {
        await KeyInitCommand.WriteAsync(Path.Combine(folder, Pepper), cancelled);
        await KeyInitCommand.WriteAssertionKeyAsync(Path.Combine(folder, AssertionKey), cancelled);
        Directory.CreateDirectory(Path.Combine(folder, Keys));
        await KeyInitCommand.WriteAuditKeyAsync(Path.Combine(folder, Keys, "audit.pem"), cancelled);
        await KeyInitCommand.WriteAsync(Path.Combine(folder, Keys, "investigation.key"), cancelled);
        var pepper =
            new Secret("file:" + Pepper, Encoding.ASCII.GetBytes((await File.ReadAllTextAsync(Path.Combine(folder, Pepper), cancelled)).TrimEnd()));
        var declaration = Path.Combine(folder, "gatehouse.yaml");
        await File.WriteAllTextAsync(declaration, Fill(doors, keys, services, pepper, DateOnly.FromDateTime(now.UtcDateTime)), cancelled);
        return declaration;
    }

    private static string Fill(DemoDoors doors, DemoKeys keys, DemoServices services, Secret pepper, DateOnly today)
    {
        using var resource = typeof(DemoDeclaration).Assembly.GetManifestResourceStream("demo/gatehouse.yaml")!;
        var text = new StringBuilder(new StreamReader(resource, Encoding.UTF8).ReadToEnd());
        Set(text, "gateway", GatewayName);
        Set(text, "assertion-key", AssertionKey);
        Set(text, "keys-path", KeysPath);
        Set(text, "edge", Number(doors.Edge.Port));
        Set(text, "inside", Number(doors.Inside.Port));
        Set(text, "partners", Number(doors.Partners.Port));
        Set(text, "desk", Number(doors.Desk.Port));
        Set(text, "administration", Number(doors.Administration.Port));
        Set(text, "issuer", doors.Issuer.GetLeftPart(UriPartial.Authority));
        Set(text, "audience", DemoTokens.Audience);
        Set(text, "stock-sync", Credential(keys.StockSync, pepper, today));
        foreach (var service in services.All) Set(text, service.Instance, service.Address.GetLeftPart(UriPartial.Authority));
        Set(text, "deprecated", Day(today.AddMonths(-1)));
        Set(text, "sunset", Day(today.AddMonths(2)));
        Set(text, "retired", Day(today.AddDays(-1)));
        Set(text, "review", Day(today.AddMonths(3)));
        Set(text, "waiver-end", Day(today.AddMonths(6)));
        return text.ToString();
    }

    private static void Set(StringBuilder text, string name, string value) => text.Replace("{{" + name + "}}", value);

    private static string Credential(NewApiKey key, Secret pepper, DateOnly today) =>
        $"{{ id: {key.Id}, hash: \"{ApiKeyHash.Write(pepper, key)}\", expires: {Day(today.AddMonths(1))} }}";

    private static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}

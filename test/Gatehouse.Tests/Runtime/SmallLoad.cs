using Gatehouse.Configuration;
using Gatehouse.Runtime;

namespace Gatehouse.Tests.Runtime;

/// <summary>Loads a small declaration from memory, with what the test changes in its text.</summary>
internal static class SmallLoad
{
    private const string Text = """
        gatehouse: v1
        gateway: { name: front-door, owner: platform@retailer.example, environment: test }
        listeners:
          edge: { address: "127.0.0.1:8080", hosts: [api.retailer.example], serves: [public] }
          inside: { address: "127.0.0.1:8081", serves: [internal] }
        administration: { address: "127.0.0.1:9900" }
        log: { access: access.log }
        upstreams:
          stock: { destinations: ["http://127.0.0.1:5101"] }
        apis:
          stock:
            owner: stock@retailer.example
            purpose: Stock of the shops
            upstream: stock
            routes:
              get-stock:
                match: GET /stock/{article}
                exposure: public
                effect: read
                personalData: none
                access: { anonymous: a test }
                limits: [ { per: address, allow: 60, every: 1m } ]
        """;

    /// <param name="pepper">What the file <c>pepper</c> beside it says, where there is one.</param>
    public static LoadedDeclaration With(TimeProvider clock, string was = "", string isNow = "", string pepper = "")
    {
        if (was.Length > 0) Assert.Contains(was, Text, StringComparison.Ordinal);
        var text = was.Length > 0 ? Text.Replace(was, isNow, StringComparison.Ordinal) : Text;
        return LoadedDeclaration.Load(
            "gatehouse.yaml",
            SourceFiles.InMemory(new Dictionary<string, string> { ["gatehouse.yaml"] = text, ["pepper"] = pepper }),
            clock,
            PolicyCatalog.AfterRoute);
    }
}

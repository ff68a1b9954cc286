using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.Consumers;

namespace Gatehouse.TestKit;

/// <summary>Claims of a token that nobody had to sign.</summary>
internal static class TestClaims
{
    public static TokenClaims Of(params KeyValuePair<string, IReadOnlyList<string>>[] claims)
    {
        var json = new JsonObject();
        foreach (var (name, values) in claims) json[name] = new JsonArray([.. values.Select(v => (JsonNode?)v)]);
        return TokenClaims.Of(Encoding.UTF8.GetBytes(json.ToJsonString()));
    }
}

using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gatehouse.TestKit;
using Gatehouse.Tokens;

namespace Gatehouse.Tests.Tokens;

/// <summary>
/// The Wycheproof vectors for signatures and keys (C2SP, Apache License 2.0, <c>test/corpora/jose</c>): every signature that must not be accepted is
/// not, and every one that must is, as far as its algorithm is taken at all.
/// </summary>
public sealed class CorpusTests
{
    private static readonly HeaderMemory Headers = new();

    [Theory]
    [Control("JWT-16", "the corpus")]
    [Control("JWT-15", "the corpus")]
    [InlineData("json_web_signature_test.json", 32)]
    [InlineData("json_web_key_test.json", 1)]
    public void Judges_signatures_as_the_corpus_does(string file, int leastAccepted)
    {
        using var corpus = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "corpora", "jose", file)));
        var (judged, accepted) = (0, 0);
        var wrong = new List<string>();
        foreach (var group in corpus.RootElement.GetProperty("testGroups").EnumerateArray())
        {
            var jwks = JwksOf(group);
            foreach (var test in group.GetProperty("tests").EnumerateArray())
            {
                var jws = test.GetProperty("jws");
                var text = jws.ValueKind == JsonValueKind.String ? jws.GetString()! : jws.GetRawText();
                var taken = IsAccepted(text, jwks);
                judged++;
                if (taken) accepted++;
                var mayBeTaken = test.GetProperty("result").GetString() == "valid";
                if (taken != (mayBeTaken && IsOurs(text, group))) wrong.Add($"{test.GetProperty("tcId")} {test.GetProperty("comment")} {taken}");
            }
        }

        Assert.Empty(wrong);
        Assert.Equal(corpus.RootElement.GetProperty("numberOfTests").GetInt32(), judged);
        Assert.True(accepted >= leastAccepted, $"{accepted}");
    }

    private static string JwksOf(JsonElement group)
    {
        var key = group.TryGetProperty("public", out var open) ? open : group.GetProperty("private");
        return key.TryGetProperty("keys", out _) ? key.GetRawText() : $$"""{"keys":[{{key.GetRawText()}}]}""";
    }

    /// <summary>Whether the vector is signed with an algorithm that tokens may have, by a key that may be used: not HS, no misspelt name.</summary>
    private static bool IsOurs(string jws, JsonElement group)
    {
        if (TokenText.Decode(jws.AsSpan(0, Math.Max(jws.IndexOf('.', StringComparison.Ordinal), 0))) is not { } header) return false; // a JSON form
        var named = JsonNode.Parse(Encoding.UTF8.GetString(header))!["alg"]!.GetValue<string>();
        var key = group.TryGetProperty("public", out var open) ? open : group.GetProperty("private");
        var own = SigningKey.TextOf(key, "alg"); // two vectors are signed with PS384 by a key that is for PS256; one key is for ES521, which is nothing
        return SigningAlgorithms.TryRead(named, out _) && (own is null || own == named);
    }

    private static bool IsAccepted(string text, string jwks)
    {
        // the payloads are no claims, so only the parts that judge form, key and signature are asked
        if (KeySet.TryRead(Encoding.UTF8.GetBytes(jwks), SigningAlgorithms.All, []) is not { } keys) return false;
        var parts = text.Split('.');
        if (parts.Length != 3) return false;
        var bare = $"{parts[0]}.e30.{parts[2]}";
        using var token = TokenText.TryRead(bare, Headers, out _);
        if (token is null || (parts[1].Length > 0 && TokenText.Decode(parts[1]) is null)) return false;
        return SigningAlgorithms.TryRead(token.Header.Algorithm, out var algorithm)
            && keys.Find(token.Header.KeyId, algorithm) is { } key
            && key.Verify(algorithm, Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), token.Signature);
    }
}

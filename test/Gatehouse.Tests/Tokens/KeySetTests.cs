using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.TestKit;
using Gatehouse.Tokens;

namespace Gatehouse.Tests.Tokens;

/// <summary>Which keys of a published set are used, and what is said of the others.</summary>
public sealed class KeySetTests : IDisposable
{
    private readonly TestIssuer _issuer = new();

    public void Dispose() => _issuer.Dispose();

    public static TheoryData<string, string> Odd => new()
    {
        { """{"use":"enc"}""", "is not for signatures" },
        { """{"use":["sig"]}""", "is not for signatures" },
        { """{"key_ops":["encrypt"]}""", "is not for verifying" },
        { """{"key_ops":"verify"}""", "is not for verifying" },
        { """{"alg":"ES384"}""", "claims ES384, for which it is no key" },
        { """{"alg":"RS256"}""", "claims RS256, for which it is no key" },
        { """{"crv":"P-384"}""", "is no point of its curve" },
        { """{"crv":"secp256k1"}""", "is on an unknown curve" },
        { """{"x":"AAAA"}""", "is no point of its curve" },
        { """{"y":"04N0xi21hshyvBp7I167sbE_bXqyqkAPfefdklMO7wY"}""", "is no point of its curve" },
        { """{"d":"AAAA"}""", "is a private key, and published" },
        { """{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}""", "is a shared secret, and published" },
        { """{"kty":"OKP"}""", "is of an unknown kind" },
    };

    [Theory]
    [MemberData(nameof(Odd))]
    [Control("JWT-15")]
    public void Uses_no_odd_key_and_says_so(string change, string why)
    {
        var odd = _issuer.Ec.Public();
        odd["kid"] = "odd";
        foreach (var (name, value) in JsonNode.Parse(change)!.AsObject()) odd[name] = value!.DeepClone();
        var (keys, said) = Read(odd, _issuer.Rsa.Public());
        Assert.Equal(["rsa-1"], keys!.All.Select(k => k.Id));
        Assert.Equal([$"the key 'odd' {why}"], said);
    }

    [Fact]
    [Control("JWT-15", "weak RSA keys")]
    public void Uses_no_weak_RSA_key()
    {
        using var small = TestKey.Make("small", "RS256", 1024);
        var threes = _issuer.Rsa.Public();
        (threes["kid"], threes["e"]) = ("threes", "Aw");
        var ones = _issuer.Rsa.Public();
        (ones["kid"], ones["e"]) = ("ones", "AQ");
        var (keys, said) = Read(small.Public(), threes, ones, _issuer.Ec.Public());
        Assert.Equal(["ec-1"], keys!.All.Select(k => k.Id));
        Assert.Equal(
            ["the key 'small' has fewer than 2048 bits", "the key 'threes' has a weak exponent", "the key 'ones' has a weak exponent"], said);
    }

    [Fact]
    [Control("JWT-15", "one id for two keys")]
    public void Uses_neither_of_two_keys_with_one_id()
    {
        using var twin = TestKey.Make("ec-1", "ES256");
        var (keys, said) = Read(_issuer.Ec.Public(), twin.Public(), _issuer.Rsa.Public());
        Assert.Equal(["rsa-1"], keys!.All.Select(k => k.Id));
        Assert.Equal(["the id 'ec-1' stands for different keys"], said);
        Assert.Single(Read(_issuer.Ec.Public(), _issuer.Ec.Public()).Keys!.All);
    }

    [Fact]
    [Control("JWT-15", "one key for two algorithms, without an id")]
    public void Uses_a_key_without_an_id_that_is_there_for_each_of_its_algorithms()
    {
        var (one, other, twice) = (_issuer.Rsa.Public(), _issuer.Rsa.Public(), _issuer.Rsa.Public());
        foreach (var key in (JsonObject[])[one, other, twice]) key.Remove("kid");
        (other["alg"], twice["alg"]) = ("PS256", "PS256");
        var (keys, said) = Read(one, other, twice);
        Assert.Empty(said);
        Assert.NotNull(keys!.Find(null, SigningAlgorithm.RS256));
        Assert.NotNull(keys.Find(null, SigningAlgorithm.PS256));
        Assert.Null(keys.Find(null, SigningAlgorithm.RS384));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html><body>Sign in</body></html>")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"keys":{}}""")]
    [InlineData("""{"keys":[]}""")]
    [InlineData("""{"keys":[7,"x",null,[]]}""")]
    [InlineData("""{"keys":[],"keys":[]}""")]
    public void Takes_nothing_else_for_a_key_set(string text) =>
        Assert.Null(KeySet.TryRead(Encoding.UTF8.GetBytes(text), SigningAlgorithms.All, []));

    [Fact]
    public void Leaves_keys_for_other_algorithms_alone()
    {
        var odd = new List<string>();
        var keys = KeySet.TryRead(Encoding.UTF8.GetBytes(_issuer.Jwks(_issuer.Ec, _issuer.Rsa)), [SigningAlgorithm.ES256], odd);
        Assert.Equal(["ec-1"], keys!.All.Select(k => k.Id));
        Assert.Empty(odd);
    }

    private static (KeySet? Keys, List<string> Said) Read(params JsonObject[] keys)
    {
        var odd = new List<string>();
        var text = new JsonObject { ["keys"] = new JsonArray([.. keys]) }.ToJsonString();
        return (KeySet.TryRead(Encoding.UTF8.GetBytes(text), SigningAlgorithms.All, odd), odd);
    }
}

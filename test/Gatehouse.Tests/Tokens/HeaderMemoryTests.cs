using System.Buffers.Text;
using System.Text;
using Gatehouse.Tokens;

namespace Gatehouse.Tests.Tokens;

public sealed class HeaderMemoryTests
{
    private readonly HeaderMemory _memory = new();

    [Fact]
    public void Reads_the_same_text_once()
    {
        var text = Encode("""{"alg":"RS256","kid":"a","typ":"at+jwt"}""");
        var first = _memory.Read(text, out _);
        Assert.Equal(("RS256", "a", "at+jwt"), (first!.Algorithm, first.KeyId, first.Type));
        Assert.Same(first, _memory.Read(text, out var reason));
        Assert.Equal("", reason);
    }

    [Fact]
    public void Never_takes_one_header_for_another()
    {
        for (var key = 0; key < 1_000; key++) // many times as many as there are places
        {
            Assert.Equal($"key{key}", Read($$"""{"alg":"RS256","kid":"key{{key}}"}""")?.KeyId);
            Assert.Equal("none", Read($$"""{"alg":"none","kid":"key{{key}}"}""")?.Algorithm);
            Assert.Null(Read($$"""{"alg":"RS256","kid":"key{{key}}","crit":["b64"]}"""));
            Assert.Equal($"key{key}", Read($$"""{"alg":"RS256","kid":"key{{key}}"}""")?.KeyId);
        }
    }

    [Theory]
    [InlineData("""{"alg":"RS256","alg":"none"}""")]
    [InlineData("""{"kid":"a"}""")]
    [InlineData("""[]""")]
    [InlineData("""{"alg":"RS256","zip":"DEF"}""")]
    public void Refuses_a_header_each_time_that_it_comes(string json)
    {
        for (var i = 0; i < 3; i++)
        {
            Assert.Null(_memory.Read(Encode(json), out var reason));
            Assert.NotEqual("", reason);
        }
    }

    [Fact]
    public void Keeps_neither_keys_of_clients_nor_long_texts()
    {
        var withKey = Encode("""{"alg":"ES256","typ":"dpop+jwt","jwk":{"kty":"EC"}}""");
        Assert.NotSame(_memory.Read(withKey, out _), _memory.Read(withKey, out _));
        var large = Encode($$"""{"alg":"ES256","x":"{{new string('x', 600)}}"}""");
        Assert.NotSame(_memory.Read(large, out _), _memory.Read(large, out _));
    }

    [Fact]
    public void Finding_a_header_allocates_nothing()
    {
        var text = Encode("""{"alg":"RS256","kid":"a"}""");
        _memory.Read(text, out _);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++) _memory.Read(text, out _);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));

    private TokenHeader? Read(string json) => _memory.Read(Encode(json), out _);
}

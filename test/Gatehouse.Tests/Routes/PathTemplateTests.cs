using CsCheck;
using Gatehouse.Routes;

namespace Gatehouse.Tests.Routes;

public sealed class PathTemplateTests
{
    [Theory]
    [InlineData("/", "literal ''")]
    [InlineData("/orders", "literal 'orders'")]
    [InlineData("/orders/", "literal 'orders', literal ''")]
    [InlineData("/orders/{orderId}", "literal 'orders', name orderId")]
    [InlineData("/files/{id}.json", "literal 'files', affixed ''id'.json'")]
    [InlineData("/v{version}/x-{y_1}-z", "affixed 'v'version'', affixed 'x-'y_1'-z'")]
    [InlineData("/docs/{path**}", "literal 'docs', rest path")]
    [InlineData("/{all**}", "rest all")]
    [InlineData("/a-b._~!$&'()*,=:@c", "literal 'a-b._~!$&'()*,=:@c'")]
    [InlineData("/@me/{id}:close", "literal '@me', affixed ''id':close'")]
    [InlineData("/%C3%A9/%25/%20", "literal '%C3%A9', literal '%25', literal '%20'")]
    [InlineData("/.../.well-known/..{x}", "literal '...', literal '.well-known', affixed '..'x''")]
    public void Reads_segments(string text, string expected)
    {
        Assert.True(PathTemplate.TryParse(text, out var template, out var why), why);
        Assert.Equal(expected, string.Join(", ", template.Segments.Select(Describe)));
        Assert.Equal(text, template.ToString());
    }

    [Theory]
    [InlineData("", "it has to begin with '/'")]
    [InlineData("orders", "it has to begin with '/'")]
    [InlineData("/a//b", "two slashes follow each other; an empty segment can only be the last")]
    [InlineData("//", "two slashes follow each other; an empty segment can only be the last")]
    [InlineData("/a/./b", "the segment '.' is a step in a tree of files, which no request's path contains")]
    [InlineData("/a/..", "the segment '..' is a step in a tree of files, which no request's path contains")]
    [InlineData("/a;v=1", "';' begins a parameter of a segment, which requests are refused for")]
    [InlineData("/a%2Fb", "'%2F' is an encoded slash or backslash, which requests are refused for")]
    [InlineData("/a%5cb", "'%5c' is an encoded slash or backslash, which requests are refused for")]
    [InlineData("/a\\b", "a backslash has no place in a path")]
    [InlineData("/a?b=1", "'?' begins a query; conditions on the query are written as 'query'")]
    [InlineData("/a#b", "'#' begins a fragment, which is never sent")]
    [InlineData("/a\tb", "a control character (U+0009) has no place in a path")]
    [InlineData("/a%0Ab", "'%0A' is an encoded control character, which requests are refused for")]
    [InlineData("/a%7F", "'%7F' is an encoded control character, which requests are refused for")]
    [InlineData("/a b", "' ' has to be percent-encoded: '%20'")]
    [InlineData("/é", "'é' has to be percent-encoded: '%C3%A9'")]
    [InlineData("/a|b", "'|' has to be percent-encoded: '%7C'")]
    [InlineData("/%41", "'%41' is not in normal form: write 'A'")]
    [InlineData("/{id}%3Aclose", "'%3A' is not in normal form: write ':'")]
    [InlineData("/%40me", "'%40' is not in normal form: write '@'")]
    [InlineData("/a%3Bb", "'%3B' is an encoded ';', which requests are refused for")]
    [InlineData("/a+b", "'+' is a blank to some programs, so that no route can be told by it, encoded or not; let a name stand for it")]
    [InlineData("/{id}%2bb", "'+' is a blank to some programs, so that no route can be told by it, encoded or not; let a name stand for it")]
    [InlineData("/%2e%2e", "'%2e' is not in normal form: write '.'")]
    [InlineData("/%c3%a9", "'%c3' is not in normal form: write '%C3'")]
    [InlineData("/%C", "'%C' is not a percent-encoded octet: two hexadecimal digits have to follow '%'")]
    [InlineData("/%zz", "'%zz' is not a percent-encoded octet: two hexadecimal digits have to follow '%'")]
    [InlineData("/{id", "the segment '{id' has a brace without its partner")]
    [InlineData("/id}", "the segment 'id}' has a brace without its partner")]
    [InlineData("/}id{", "the segment '}id{' has a brace without its partner")]
    [InlineData("/{a/b}", "the segment '{a' has a brace without its partner")]
    [InlineData("/{a}{b}", "the segment '{a}{b}' has more than one name; a segment can have one")]
    [InlineData("/{{a}}", "the segment '{{a}}' has more than one name; a segment can have one")]
    [InlineData("/{}", "'{}' is not a name: a letter, then up to 63 letters, digits or underscores")]
    [InlineData("/{1a}", "'{1a}' is not a name: a letter, then up to 63 letters, digits or underscores")]
    [InlineData("/{order-id}", "'{order-id}' is not a name: a letter, then up to 63 letters, digits or underscores")]
    [InlineData("/{*a}", "'{*a}' is not a name: a letter, then up to 63 letters, digits or underscores")]
    [InlineData("/{a*}", "'{a*}' is not a name: a letter, then up to 63 letters, digits or underscores")]
    [InlineData("/{a**}/b", "'{a**}' has to stand alone in the last segment")]
    [InlineData("/{a**}/", "'{a**}' has to stand alone in the last segment")]
    [InlineData("/x{a**}", "'{a**}' has to stand alone in the last segment")]
    [InlineData("/{a}/b/{a}", "the name 'a' occurs twice")]
    [InlineData("/{a}/{a**}", "the name 'a' occurs twice")]
    public void Says_why_a_template_is_refused(string text, string expected)
    {
        Assert.False(PathTemplate.TryParse(text, out var template, out var why));
        Assert.Null(template);
        Assert.Equal(expected, why);
    }

    [Fact]
    public void Half_a_character_is_refused()
    {
        Assert.False(PathTemplate.TryParse("/\ud800", out _, out var why)); // an attribute cannot hold it
        Assert.Equal("half of a surrogate pair is no character", why);
    }

    [Fact]
    public void Is_bounded()
    {
        var long64 = string.Concat(Enumerable.Repeat("/a", 64));
        var long2000 = "/" + new string('a', 1999);
        var name64 = "/{" + new string('a', 64) + "}";
        Assert.True(PathTemplate.TryParse(long64, out _, out _));
        Assert.False(PathTemplate.TryParse(long64 + "/", out _, out var why));
        Assert.Equal("it has more than 64 segments", why);
        Assert.True(PathTemplate.TryParse(long2000, out _, out _));
        Assert.False(PathTemplate.TryParse(long2000 + "a", out _, out why));
        Assert.Equal("it is longer than 2000 characters", why);
        Assert.True(PathTemplate.TryParse(name64, out _, out _));
        Assert.False(PathTemplate.TryParse(name64.Insert(2, "a"), out _, out _));
    }

    [Fact]
    public void Any_text_is_read_or_refused_with_a_short_reason() => Gen.OneOf(Gen.String, Gen.String["/{}*%.;\\?#aA2Fé\ud83d\0"]).Sample(
        (string text) =>
        {
            var read = PathTemplate.TryParse("/" + text, out var template, out var why);
            Assert.NotEqual(read, template is null);
            Assert.Equal(read, why is null);
            Assert.True(why is null || why.Length < 250);
            Assert.DoesNotContain(why ?? "", char.IsControl);
        },
        iter: 20_000);

    private static string Describe(Segment segment) => segment.Kind switch
    {
        SegmentKind.Literal => $"literal '{segment.Prefix}'",
        SegmentKind.Affixed => $"affixed '{segment.Prefix}'{segment.Name}'{segment.Suffix}'",
        SegmentKind.Name => $"name {segment.Name}",
        SegmentKind.Rest => $"rest {segment.Name}",
    };
}

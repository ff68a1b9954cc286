using System.Text;
using Gatehouse.Audit;
using Gatehouse.Policies.Record;
using Gatehouse.Routes;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Policies.Record;

/// <summary>Whom JSON answers are about, in whatever pieces they come.</summary>
public sealed class AnswerSubjectsTests
{
    private static readonly InvestigationKey Key = new("0123456789abcdef0123456789abcdef"u8);

    private readonly PolicyHarness _harness = new();

    [Theory]
    [Control("LOG-1", "whom an answer is about")]
    [InlineData("customer", """{"customer":"17","other":"18"}""", "17")]
    [InlineData("customer", """{"customer":17}""", "17")]
    [InlineData("customer", """{"cu\u0073tomer":"\u0031\u0037"}""", "17")]
    [InlineData("customer", """[{"customer":17},{"customer":18},{"customer":17},{"other":19}]""", "17 18")]
    [InlineData("customer", """[[{"customer":17}],[[{"customer":18}]]]""", "17 18")]
    [InlineData("customer", """{"customer":[17,"18",[19],{"customer":20}]}""", "17 18 19")]
    [InlineData("items.by.id", """{"items":[{"by":{"id":17}},{"by":[{"id":18},{"no":19}]},{"id":20}],"by":{"id":21}}""", "17 18")]
    [InlineData("items.id", """{"items":{"more":{"id":19},"id":17},"id":18}""", "17")]
    [InlineData("customer", """{"a":{"customer":18},"b":[{"customer":19}],"customer":17}""", "17")]
    [InlineData("customer", """{"customer":"17","customer":"18"}""", "17 18")]
    [InlineData("kunde.größe", """{"kunde":{"größe":"17"}}""", "17")]
    [InlineData("customer", """{"other":"18"}""", "", AnswerSubjects.Nobody)]
    [InlineData("customer", """{"customer":null}""", "", AnswerSubjects.Nobody)]
    [InlineData("customer", """{"customer":""}""", "", AnswerSubjects.Nobody)]
    [InlineData("customer", "\"customer\"", "", AnswerSubjects.Nobody)]
    [InlineData("customer", """{"customer":"17""", "", AnswerSubjects.Unread)]
    [InlineData("customer", """{"customer":"17","other":}""", "17", AnswerSubjects.Unread)]
    [InlineData("customer", """{"customer":"17"}}""", "17", AnswerSubjects.Unread)]
    [InlineData("customer", """{"customer":"\ud800"}""", "", AnswerSubjects.Unread)]
    [InlineData("customer", "", "", AnswerSubjects.Unread)]
    [InlineData("customer", "<a>17</a>", "", AnswerSubjects.Unread)]
    public void Are_found_at_the_names_that_the_route_gives(string names, string json, string wanted, string? missing = null)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        for (var piece = 1; piece <= Math.Max(1, bytes.Length); piece++)
        {
            var answer = Answer(names);
            foreach (var part in bytes.Chunk(piece)) answer.Read(part);
            Assert.Equal((piece, missing), (piece, answer.End()));
            Assert.Equal(wanted.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(v => Key.About("customer", v)), answer.Found);
        }
    }

    [Fact]
    public void Stand_each_under_their_own_word()
    {
        var answer = Begin(new AboutSource("customer", SubjectPart.Response, "who"), new AboutSource("token", SubjectPart.Token, "sub"),
            new AboutSource("order", SubjectPart.Response, "orders.id"));
        answer.Read("""{"who":"17","orders":[{"id":"a","who":"b"}]}"""u8);
        Assert.Null(answer.End());
        Assert.Equal([Key.About("customer", "17"), Key.About("order", "a")], answer.Found);
    }

    [Fact]
    [Control("LOG-1", "an answer that is about many is bounded, and says so")]
    public void Are_no_more_than_a_record_has_room_for()
    {
        var answer = Answer("customer");
        answer.Read(Encoding.UTF8.GetBytes($"[{string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"{{\"customer\":{i}}}"))}]"));
        Assert.Equal(AnswerSubjects.More, answer.End());
        Assert.Equal(AnswerSubjects.MostFound, answer.Found.Count);
    }

    [Theory]
    [InlineData("""{"customer":"{}"}""", 1025, AnswerSubjects.Unread)] // a value that is no name
    [InlineData("""{"customer":"{}"}""", 1024, null)]
    [InlineData("""{"other":"{}","customer":"17"}""", 15_000, null)]
    [InlineData("""{"other":"{}","customer":"17"}""", 17_000, AnswerSubjects.Unread)] // would have to be kept while it comes
    public void Are_read_with_bounded_memory(string form, int length, string? missing)
    {
        var answer = Answer("customer");
        var json = form.Replace("{}", new string('x', length), StringComparison.Ordinal);
        foreach (var part in Encoding.UTF8.GetBytes(json).Chunk(1000)) answer.Read(part);
        Assert.Equal(missing, answer.End());
    }

    [Fact]
    public void Are_not_looked_for_deeper_than_the_bound()
    {
        foreach (var (depth, missing) in new[] { (64, AnswerSubjects.Nobody), (65, AnswerSubjects.Unread) })
        {
            var answer = Answer("customer");
            answer.Read(Encoding.ASCII.GetBytes(new string('[', depth) + new string(']', depth)));
            Assert.Equal(missing, answer.End());
        }
    }

    [Fact]
    public void Are_not_read_when_the_head_says_that_it_is_something_else()
    {
        foreach (var (type, coding, status, isRead, missing) in new[]
        {
            ("application/json", "", 200, true, null),
            ("application/problem+json; charset=utf-8", "", 404, true, null),
            ("application/json", "gzip", 200, true, AnswerSubjects.Unread),
            ("text/html", "", 200, true, AnswerSubjects.Unread),
            ("", "", 200, true, AnswerSubjects.Unread),
            ("application/json", "", 204, false, null),
            ("application/json", "", 304, false, null),
        })
        {
            var exchange = _harness.Exchange(route: _harness.Route());
            exchange.Status = status;
            exchange.ResponseHeaders.ContentType = type;
            if (coding.Length > 0) exchange.ResponseHeaders.ContentEncoding = coding;
            var answer = Sources(new AboutSource("customer", SubjectPart.Response, "customer")).Begin(exchange);
            Assert.Equal(isRead, answer is not null);
            answer?.Read("""{"customer":"17"}"""u8);
            Assert.Equal(missing, answer?.End());
        }
    }

    private AnswerSubjects Answer(string names) => Begin(new AboutSource("customer", SubjectPart.Response, names));

    private AnswerSubjects Begin(params AboutSource[] sources) => new(Sources(sources), isReadable: true);

    private AnswerSources Sources(params AboutSource[] sources) => AnswerSources.Of(_harness.Route(audit: new RouteAudit(true, [], sources)), Key)!;
}

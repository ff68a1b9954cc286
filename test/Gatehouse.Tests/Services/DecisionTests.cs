using System.Text;
using Gatehouse.Services;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Services;

public sealed class DecisionTests
{
    [Theory]
    [InlineData("""{"decision":true}""", Decision.Yes)]
    [InlineData(""" { "context": { "decision": false }, "decision" : true } """, Decision.Yes)]
    [InlineData("""{"decision":false}""", Decision.No)]
    [InlineData("""{"decision":false,"context":{"reason":"no"}}""", Decision.No)]
    [InlineData("", Decision.Unknown)]
    [InlineData("{}", Decision.Unknown)]
    [InlineData("true", Decision.Unknown)]
    [InlineData("[true]", Decision.Unknown)]
    [InlineData("""{"decision":"true"}""", Decision.Unknown)]
    [InlineData("""{"decision":1}""", Decision.Unknown)]
    [InlineData("""{"decision":null}""", Decision.Unknown)]
    [InlineData("""{"decision":{"decision":true}}""", Decision.Unknown)]
    [InlineData("""{"Decision":true}""", Decision.Unknown)]
    [InlineData("""{"context":{"decision":true}}""", Decision.Unknown)]
    [InlineData("""{"decision":false,"decision":true}""", Decision.Unknown)]
    [InlineData("""{"decision":true,"decisio\u006e":true}""", Decision.Unknown)]
    [InlineData("""{"decision":true} {}""", Decision.Unknown)]
    [InlineData("""{"decision":true""", Decision.Unknown)]
    [InlineData("""{"decision":true,}""", Decision.Unknown)]
    [InlineData("""{"decision":true,"x":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}""", Decision.Unknown)]
    [InlineData("<decision>true</decision>", Decision.Unknown)]
    [Control("AZN-1")]
    public void Only_one_clear_word_is_a_decision(string json, object decision) =>
        Assert.Equal(decision, AuthoriserClient.Read(Encoding.UTF8.GetBytes(json)));
}

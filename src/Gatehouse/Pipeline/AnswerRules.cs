namespace Gatehouse.Pipeline;

/// <summary>What a route asks of its service's answers, on top of what holds for every answer.</summary>
/// <param name="Most">The most bytes that a body may have; <see cref="long.MaxValue"/> for any number.</param>
/// <param name="ReplaceErrors">Whether the service's own words about an error stay behind.</param>
internal sealed record AnswerRules(long Most, bool ReplaceErrors)
{
    public static readonly AnswerRules None = new(long.MaxValue, ReplaceErrors: false);
}

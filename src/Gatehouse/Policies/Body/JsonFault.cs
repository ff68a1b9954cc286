using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Body;

/// <summary>What is wrong with a body's JSON.</summary>
/// <param name="Problem">What the client is told.</param>
/// <param name="Reason">What the log is told.</param>
internal sealed record JsonFault(Problem Problem, string Reason)
{
    public static readonly JsonFault NotJson = new(Problems.MalformedJson, "the body is not JSON as RFC 8259 writes it");
    public static readonly JsonFault NotUnicode = new(Problems.MalformedJson, "the JSON has a text that is not Unicode");
    public static readonly JsonFault TwoNames = new(Problems.MalformedJson, "an object of the JSON has one name twice");
    public static readonly JsonFault TooDeep = new(Problems.JsonTooComplex, "the JSON is too deep");
    public static readonly JsonFault TooManyNodes = new(Problems.JsonTooComplex, "the JSON has too many values");
    public static readonly JsonFault TooManyItems = new(Problems.JsonTooComplex, "an array of the JSON has too many values");
    public static readonly JsonFault LongText = new(Problems.JsonTooComplex, "a string of the JSON is too long");
    public static readonly JsonFault LongName = new(Problems.JsonTooComplex, "a name of the JSON is too long");
    public static readonly JsonFault LongNumber = new(Problems.JsonTooComplex, "a number of the JSON has too many digits");
    public static readonly JsonFault LongToken = new(Problems.JsonTooComplex, "a string, a number or the space between two is too long");
}

namespace Gatehouse.Configuration;

/// <summary>The rules about who issues tokens, and which of them are taken.</summary>
internal static partial class Rules
{
    public static readonly Rule IssuerDecision = new(
        "GH1016", "An issuer says who it is, whom its tokens are for and how they are signed", Severity.Error,
        "Without any one of these, tokens that were made for something else are taken.");
    public static readonly Rule TokenAlgorithm = new(
        "GH1017", "Tokens are signed with private keys, and a key serves one family of algorithms", Severity.Error,
        "Who can verify a shared secret can also sign with it, and a key of two uses is weaker in both.");
    public static readonly Rule WeakKey = new(
        "GH1018", "Keys are strong, public and for signatures", Severity.Error,
        "A weak or misused key lets others make tokens.");
    public static readonly Rule KeyAddress = new(
        "GH1019", "Issuers are asked over TLS, and inside the network only where that is written", Severity.Error,
        "Whoever can change the answer, or where it comes from, makes every token.");
    public static readonly Rule TokenTimes = new(
        "GH1020", "Tokens live for a day at most, better for an hour, and clocks differ by a minute at most", Severity.Error,
        "A stolen token works until it ends.");
    public static readonly Rule SharedIssuer = new(
        "GH1021", "Every issuer has a name and keys of its own, and every environment an audience", Severity.Error,
        "A token of one would be taken for a token of the other.");
}

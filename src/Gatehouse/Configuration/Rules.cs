namespace Gatehouse.Configuration;

/// <summary>The closed list of rules. An id is never given to another rule.</summary>
internal static partial class Rules
{
    public static readonly Rule NotYaml = new(
        "GH2001", "The file is one YAML document", Severity.Error,
        "What cannot be read cannot be enforced.");
    public static readonly Rule YamlTrick = new(
        "GH2002", "No anchors, aliases, merge keys or tags", Severity.Error,
        "They make a text mean something else than a reviewer reads.");
    public static readonly Rule DuplicateKey = new(
        "GH2003", "Every key stands once", Severity.Error,
        "Of two values only one would be enforced, and a reader cannot know which.");
    public static readonly Rule UnknownKey = new(
        "GH2004", "Every key is known", Severity.Error,
        "A misspelt key would otherwise be a control that is silently absent.");
    public static readonly Rule MissingKey = new(
        "GH2005", "Required keys are there", Severity.Error,
        "The section means nothing without them.");
    public static readonly Rule WrongType = new(
        "GH2006", "Values have the form that their key asks for", Severity.Error,
        "A value that is misread is a control that is misread.");
    public static readonly Rule NotYetEnforced = new(
        "GH2007", "What is written is enforced", Severity.Error,
        "A decision that nothing enforces is worse than none.");
    public static readonly Rule UnknownReference = new(
        "GH2008", "Names that are referred to exist", Severity.Error,
        "A reference to nothing would guard nothing.");
    public static readonly Rule Undecided = new(
        "GH2009", "Every decision is taken", Severity.Error,
        "Somebody has to decide before the route is exposed.");
    public static readonly Rule NoFile = new(
        "GH2010", "Files that are named can be read", Severity.Error,
        "The declaration is incomplete without them.");
    public static readonly Rule Contradiction = new(
        "GH2011", "Keys do not contradict each other", Severity.Error,
        "One of the two would silently not hold.");
    public static readonly Rule UnusableFile = new(
        "GH2012", "Files that are named hold what they should", Severity.Error,
        "The gateway could not start, or could not enforce what they say.");
    public static readonly Rule Include = new(
        "GH2013", "Includes end", Severity.Error,
        "A circle of files has no meaning.");
    public static readonly Rule SameAddress = new(
        "GH2014", "Every listening address is used once", Severity.Error,
        "Only one of them could listen.");
    public static readonly Rule NeedsRestart = new(
        "GH2015", "A reload keeps the sockets", Severity.Error,
        "Sockets are opened once, and half a declaration must not be in force.");
    public static readonly Rule OperationWithoutRoute = new(
        "GH2030", "Every operation of a contract has a route", Severity.Warning,
        "Clients that read the contract will call what the gateway does not serve.");
    public static readonly Rule RouteWithoutOperation = new(
        "GH2031", "Every route of an api with a contract is an operation of it", Severity.Warning,
        "What no contract describes, nobody reviews or validates.", Waivable: true);
    public static readonly Rule Environment = new(
        "GH2040", "An environment says where, never what", Severity.Error,
        "Whoever approves a declaration approves what every environment opens.");
    public static readonly Rule Bounds = new(
        "GH2041", "Included files stay inside their bounds", Severity.Error,
        "A team decides about what is its own, and nothing else.");
    public static readonly Rule Assertions = new(
        "GH2050", "Backends that check for themselves are told who calls", Severity.Warning,
        "A backend that is told nothing it can verify trusts whoever reaches it.", Waivable: true);
    public static readonly Rule NoSubject = new(
        "GH2070", "Routes with personal data say whose it is", Severity.Warning,
        "Who asks what was done with their data can be answered only when it was recorded whose it was.", Waivable: true);
    public static readonly Rule InlineSecret = new(
        "GH1042", "Secrets are references", Severity.Error,
        "A secret in a declaration, or in a file that others read, is a secret in every copy of it.");
}

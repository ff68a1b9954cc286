namespace Gatehouse.Cli.Commands.Demo;

/// <summary>A client of one of the demo's issuers.</summary>
/// <param name="Issuer">The issuer that it gets tokens from.</param>
/// <param name="Scopes">What its tokens are good for, as <c>scope</c> says it.</param>
internal sealed record DemoClient(string Name, string Issuer, string Scopes)
{
    public static IReadOnlyList<DemoClient> All { get; } =
    [
        new("web-shop", DemoPerson.Customers, "orders.read returns.read"),
        new("mobile-app", DemoPerson.Customers, "orders.read returns.read"),
        new("newsletter", DemoPerson.Customers, "offers.read"),
        new("contact-centre", DemoPerson.Staff, "orders.read customers.read returns.read returns.write"),
        new("privacy-office", DemoPerson.Staff, "customers.erase"),
    ];

    public static DemoClient? Find(string name) => All.FirstOrDefault(c => c.Name == name);
}

/// <summary>A person whom one of the demo's issuers knows: any customer by number, and some of the staff.</summary>
internal sealed record DemoPerson(string Name, string Issuer, IReadOnlyList<string> Roles)
{
    public const string Customers = "customers";
    public const string Staff = "staff";

    private const string Customer = "customer-";
    private const int MostDigits = 9;

    public static DemoPerson? Find(string name) => name switch
    {
        "anna" => new(name, Staff, ["care"]),
        "paula" => new(name, Staff, ["privacy"]),
        "ben" => new(name, Staff, ["warehouse"]),
        _ => IsCustomer(name) ? new(name, Customers, []) : null,
    };

    private static bool IsCustomer(string name) =>
        name.StartsWith(Customer, StringComparison.Ordinal)
        && name.Length > Customer.Length
        && name.Length <= Customer.Length + MostDigits
        && !name.AsSpan(Customer.Length).ContainsAnyExceptInRange('0', '9');
}

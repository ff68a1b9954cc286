using System.Net;
using Gatehouse.Configuration;

namespace Gatehouse.Policies.Addresses;

/// <summary>
/// From where calls may come. What is denied stays denied, whatever is allowed. Addresses narrow who may call; they never authenticate.
/// </summary>
/// <param name="Allow">Null for everywhere.</param>
/// <param name="Deny">Null for nowhere.</param>
internal sealed record AddressRules(Networks? Allow, DenyList? Deny)
{
    public bool Admit(IPAddress address, TimeProvider clock) =>
        (Deny is null || !Deny.Contain(address, clock)) && (Allow is null || Allow.Contain(address));
}

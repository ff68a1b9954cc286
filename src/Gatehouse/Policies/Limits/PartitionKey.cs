using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Limits;

/// <summary>
/// Who shares a cell: a person by a digest, a consumer or a credential by its name, or a network address. Never seen outside the process.
/// </summary>
internal readonly record struct PartitionKey(string? Name, ulong Network, PartitionKind Kind)
{
    /// <summary>The one partition of limits that count everybody together.</summary>
    public static PartitionKey Everybody => default;

    /// <summary>Whether such a limit counts everybody together.</summary>
    public static bool IsEverybody(Per per) => per is Per.Route or Per.Api or Per.All;

    public static PartitionKey Of(Exchange exchange, Per per) => per switch
    {
        Per.Person when exchange.Caller?.Person is { } person => new PartitionKey(person.Key, 0, PartitionKind.Person),
        Per.Person or Per.Consumer when exchange.Consumer is { } consumer => new PartitionKey(consumer.Id.Value, 0, PartitionKind.Consumer),
        Per.Credential when exchange.CredentialId is { } credential => new PartitionKey(credential, 0, PartitionKind.Credential),
        Per.Person or Per.Consumer or Per.Credential or Per.Address => Of(exchange.Client.Value),
        Per.Route or Per.Api or Per.All => Everybody,
    };

    /// <summary>An IPv4 address by itself; of an IPv6 address the /64, of which one client usually has all (RFC 6177 section 2).</summary>
    private static PartitionKey Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return new PartitionKey(null, BinaryPrimitives.ReadUInt32BigEndian(bytes), PartitionKind.IPv4);
        return address.IsIPv4MappedToIPv6
            ? new PartitionKey(null, BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]), PartitionKind.IPv4)
            : new PartitionKey(null, BinaryPrimitives.ReadUInt64BigEndian(bytes), PartitionKind.IPv6);
    }
}

internal enum PartitionKind : byte
{
    Everybody,
    Person,
    Consumer,
    Credential,
    IPv4,
    IPv6,
}

using System.Net;
using System.Text.Json.Nodes;

namespace Gatehouse.Configuration;

/// <summary>Networks that are kept out, each for ever or until an instant.</summary>
internal sealed class DenyList(IReadOnlyList<DenyEntry> entries)
{
    private readonly DenyEntry[] _entries = [.. entries];

    public IReadOnlyList<DenyEntry> All => _entries;

    /// <summary>The clock is asked only for an address that an entry with an end is about.</summary>
    public bool Contain(IPAddress address, TimeProvider clock)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        foreach (var entry in _entries)
            if (entry.Network.Contains(address) && (entry.Until is not { } until || clock.GetUtcNow() < until)) return true;
        return false;
    }
}

/// <param name="Until">From then on the network is no longer kept out; null for never.</param>
/// <param name="Reason">Why it is kept out, where that is said.</param>
/// <param name="Place">Where the entry stands.</param>
internal sealed record DenyEntry(IPNetwork Network, DateTimeOffset? Until, string? Reason, Place Place)
{
    public override string ToString() => Until is { } until ? $"{Network} until {until:yyyy-MM-dd'T'HH:mm:ss'Z'}" : Network.ToString();
}

/// <summary>A list of networks or, for a while and with a reason, <c>{ network: 192.0.2.0/24, until: 2027-01-01, reason: … }</c>.</summary>
internal sealed class DenyListShape : Shape<DenyList>
{
    private static readonly Shape<IReadOnlyList<DenyEntry>> List = Shapes.List(new EntryShape(), least: 1);

    public override bool TryRead(Node node, Findings findings, out DenyList value)
    {
        var read = List.TryRead(node, findings, out var entries);
        value = new DenyList(entries);
        return read;
    }

    public override JsonObject ToSchema(SchemaWriter schema) => List.ToSchema(schema);

    private sealed class EntryShape : Shape<DenyEntry>
    {
        private static readonly Shape<IPNetwork> Plain = NetworkShapes.Network();
        private static readonly Key<IPNetwork> Network = new("network", Plain, "The network or address that is kept out.") { Required = true };
        private static readonly Key<DateTimeOffset> Until = new("until", Shapes.Instant(), "From then on (UTC) it is no longer kept out.");
        private static readonly Key<string> Reason = new("reason", Shapes.Text(), "Why it is kept out.") { Required = true };

        private static readonly Section<DenyEntry> Dated = new("a denied network", [Network, Until, Reason], text =>
        {
            var (network, until, reason) = (text.Find(Network), text.Find(Until), text.Get(Reason));
            if (network is null || reason is null || (text.Has(Until) && until is null)) return null;
            return new DenyEntry(network.Value.Value, until?.Value, reason, text.Place);
        });

        public override bool TryRead(Node node, Findings findings, out DenyEntry value)
        {
            if (node is MapNode) return Dated.TryRead(node, findings, out value);
            var read = Plain.TryRead(node, findings, out var network);
            value = new DenyEntry(network, null, null, node.Place);
            return read;
        }

        public override JsonObject ToSchema(SchemaWriter schema) => new() { ["anyOf"] = new JsonArray(Plain.ToSchema(schema), Dated.ToSchema(schema)) };
    }
}

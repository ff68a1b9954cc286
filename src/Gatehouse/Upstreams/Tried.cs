namespace Gatehouse.Upstreams;

/// <summary>The destinations that an exchange was already sent to. A value: among 64 destinations it allocates nothing.</summary>
internal struct Tried
{
    private const int InBits = 64;
    private ulong _bits;
    private HashSet<int>? _beyond;

    public readonly bool Has(int index) => index < InBits ? (_bits >> index & 1) != 0 : _beyond is not null && _beyond.Contains(index);

    public void Add(int index)
    {
        if (index < InBits) _bits |= 1UL << index;
        else (_beyond ??= []).Add(index);
    }
}

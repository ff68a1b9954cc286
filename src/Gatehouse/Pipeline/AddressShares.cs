namespace Gatehouse.Pipeline;

/// <summary>How much each client address has open of something: as many addresses as have something open, and none of those that are gone.</summary>
internal sealed class AddressShares
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, int> _open = [];

    public int Count
    {
        get
        {
            lock (_gate) return _open.Count;
        }
    }

    /// <summary>Takes one more; false where the address has so many already.</summary>
    public bool TryTake(ulong address, int most)
    {
        lock (_gate)
        {
            var open = _open.GetValueOrDefault(address);
            if (open >= most) return false;
            _open[address] = open + 1;
            return true;
        }
    }

    public void GiveBack(ulong address)
    {
        lock (_gate)
        {
            if (_open[address] == 1) _open.Remove(address);
            else _open[address]--;
        }
    }
}

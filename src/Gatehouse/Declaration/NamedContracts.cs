using Gatehouse.Configuration;
using Gatehouse.Contracts;

namespace Gatehouse.Declaration;

/// <summary>The contracts that apis name; each file is read once, however many apis name it.</summary>
internal sealed class NamedContracts(NamedFiles files)
{
    private readonly Dictionary<string, Contract?> _read = new(StringComparer.Ordinal);

    /// <summary>The contracts that could be read, in the order in which they were named.</summary>
    public IReadOnlyList<Contract> All => [.. _read.Values.OfType<Contract>()];

    /// <summary>The contract, or null; then a finding says why.</summary>
    public Contract? Read(Located<string> named)
    {
        var path = SourceFiles.Beside(named.Place.File, named.Value);
        if (_read.TryGetValue(path, out var known)) return known;
        return _read[path] = files.Read(named, "contract") is { } file ? ContractReader.Read(file.Path, file.Bytes, files.Findings) : null;
    }
}

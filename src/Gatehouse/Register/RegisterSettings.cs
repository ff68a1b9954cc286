using System.Globalization;
using System.Security.Cryptography;
using Gatehouse.Configuration;
using Gatehouse.Stores;

namespace Gatehouse.Register;

/// <summary>Where a register is, and what happens while it cannot be reached.</summary>
/// <param name="Gateway">Whose it is: instances of one gateway have the same.</param>
/// <param name="Kept">The file in which an instance keeps what it knows.</param>
/// <param name="MaxAge">For how long issued keys are taken by what is known, once nobody can say whether it is still so.</param>
/// <param name="Pepper">The secret under which keys are hashed.</param>
internal sealed record RegisterSettings(string Gateway, string Kept, TimeSpan MaxAge, Secret Pepper)
{
    /// <summary>The file of this one instance; null where it is a database.</summary>
    public string? Sqlite { get; init; }

    /// <summary>The database of several instances; null where it is a file.</summary>
    public PostgresSettings? Postgres { get; init; }

    /// <summary>The store's name in events.</summary>
    public string StoreName => Postgres is null ? "sqlite" : "postgres";

    /// <summary>What has to be the same for what is known to be kept over a reload.</summary>
    public string Identity => string.Create(CultureInfo.InvariantCulture,
        $"{Gateway}\n{Kept}\n{MaxAge}\n{Convert.ToHexString(SHA256.HashData(Pepper.Bytes))}\n{Sqlite}\n{Postgres?.Identity}");
}

using Npgsql;

namespace Gatehouse.Audit;

/// <summary>
/// The tables of trails in a database: the same for every instance, each chain in rows of its own. Nothing else reads or writes them.
/// </summary>
internal static class PostgresAuditTables
{
    /// <summary>
    /// As the gateway makes them where it may; otherwise who may runs this. Records and what they are found by are only ever added to, but for what
    /// retention and erasure take out.
    /// </summary>
    public const string Text =
        """
        CREATE TABLE IF NOT EXISTS audit_version (version integer PRIMARY KEY);
        CREATE TABLE IF NOT EXISTS audit_chains (
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, instance text NOT NULL, origin text NOT NULL UNIQUE);
        CREATE TABLE IF NOT EXISTS audit_records (
          chain bigint NOT NULL, sequence bigint NOT NULL, time bigint NOT NULL, hash bytea NOT NULL, line bytea, personal bytea,
          kind text NOT NULL, request text, intent text, consumer text, route text, problem text,
          PRIMARY KEY (chain, sequence));
        CREATE INDEX IF NOT EXISTS audit_records_request ON audit_records (request) WHERE request IS NOT NULL;
        CREATE INDEX IF NOT EXISTS audit_records_intent ON audit_records (intent) WHERE intent IS NOT NULL;
        CREATE INDEX IF NOT EXISTS audit_records_consumer ON audit_records (consumer, time) WHERE consumer IS NOT NULL;
        CREATE INDEX IF NOT EXISTS audit_records_route ON audit_records (route, time) WHERE route IS NOT NULL;
        CREATE INDEX IF NOT EXISTS audit_records_problem ON audit_records (problem, time) WHERE problem IS NOT NULL;
        CREATE INDEX IF NOT EXISTS audit_records_time ON audit_records USING brin (time);
        CREATE TABLE IF NOT EXISTS audit_subjects (
          subject text NOT NULL, chain bigint NOT NULL, sequence bigint NOT NULL, PRIMARY KEY (subject, chain, sequence));
        CREATE INDEX IF NOT EXISTS audit_subjects_record ON audit_subjects (chain, sequence);
        CREATE TABLE IF NOT EXISTS audit_checkpoints (
          chain bigint NOT NULL, size bigint NOT NULL, note text NOT NULL, frontier bytea NOT NULL, open_from bigint NOT NULL,
          PRIMARY KEY (chain, size));
        CREATE TABLE IF NOT EXISTS audit_unknown (
          chain bigint NOT NULL, request text NOT NULL, sequence bigint NOT NULL, PRIMARY KEY (chain, request));
        CREATE TABLE IF NOT EXISTS audit_set_aside (
          chain bigint NOT NULL, sequence bigint NOT NULL, time bigint, hash bytea, line bytea, personal bytea);
        INSERT INTO audit_version (version) VALUES (1) ON CONFLICT DO NOTHING;
        """;

    private const int Version = 1;
    private const long MakingLock = 0x6761_7465_6175_6469; // "gateaudi": one at a time makes them

    /// <summary>Makes the tables where they are not, and may be made.</summary>
    /// <exception cref="InvalidDataException">They are not there and may not be made, or are of another version.</exception>
    public static void Ensure(NpgsqlConnection connection)
    {
        if (VersionOf(connection) is not { } version)
        {
            Make(connection);
            version = VersionOf(connection) ?? 0;
        }

        if (version != Version) throw new InvalidDataException($"the tables of the audit trail have version {version}, and this program knows {Version}");
    }

    /// <summary>The version of the tables; null where there are none.</summary>
    public static int? VersionOf(NpgsqlConnection connection)
    {
        try
        {
            using var command = new NpgsqlCommand("SELECT max(version) FROM audit_version", connection);
            return command.ExecuteScalar() as int?;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return null;
        }
    }

    private static void Make(NpgsqlConnection connection)
    {
        try
        {
            using var transaction = connection.BeginTransaction();
            using var command = new NpgsqlCommand($"SELECT pg_advisory_xact_lock({MakingLock}); {Text}", connection, transaction);
            command.ExecuteNonQuery();
            transaction.Commit();
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.InvalidSchemaName)
        {
            throw new InvalidDataException("there are no tables of an audit trail, and this user may not make them: the guide has their text");
        }
    }
}

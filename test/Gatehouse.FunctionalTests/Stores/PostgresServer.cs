using System.Diagnostics;
using System.Globalization;
using System.Net;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.TestKit;
using Npgsql;

namespace Gatehouse.FunctionalTests.Stores;

/// <summary>
/// A real PostgreSQL of a test's own: a database cluster in a folder of its own, on a port of its own, as a process of the test. The server refuses
/// to run as root, so that a test that does hands it to the account that Debian's package makes.
/// </summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    public const string User = "gatehouse";
    public const string Password = "a password of a test, and no secret";

    private readonly TestFolder _folder = new();
    private readonly TestCertificate? _certificate;
    private GatehouseProcess? _process;

    private PostgresServer(TestCertificate? certificate) => _certificate = certificate;

    public IPEndPoint Address { get; } = new(IPAddress.Loopback, Declarations.FreePort());

    /// <summary>What a file holds that <c>stores: { postgres: { connection: "file:…" } }</c> names.</summary>
    public string Connection => ConnectionTo(Address);

    /// <param name="certificate">What it speaks TLS with; null for cleartext only.</param>
    public static async Task<PostgresServer> StartAsync(CancellationToken cancel, TestCertificate? certificate = null)
    {
        var server = new PostgresServer(certificate);
        try
        {
            await server.MakeAsync(cancel);
            await server.StartAgainAsync(cancel);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>The same over something in between.</summary>
    public static string ConnectionTo(IPEndPoint address) => string.Create(
        CultureInfo.InvariantCulture, $"Host={address.Address};Port={address.Port};Database=postgres;Username={User};Password={Password}");

    /// <summary>Starts it where it was, with what it held.</summary>
    public async Task StartAgainAsync(CancellationToken cancel)
    {
        _process = Start(Program("postgres"),
        [
            "-D", Data, "-p", Address.Port.ToString(CultureInfo.InvariantCulture), "-c", "listen_addresses=127.0.0.1",
            "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "full_page_writes=off",
            "-c", "shared_buffers=16MB", "-c", "max_connections=60", "-c", "lc_messages=C",
            .. _certificate is null ? (string[])[] :
                ["-c", "ssl=on", "-c", "ssl_cert_file=" + _folder.Of("server.pem"), "-c", "ssl_key_file=" + _folder.Of("server.key")],
        ]);
        await _process.LineAsync("database system is ready to accept connections", cancel);
    }

    /// <summary>Ends it as an operator would: connections are cut, and nothing that was committed is lost.</summary>
    public Task StopAsync(CancellationToken cancel) => EndAsync("INT", cancel);

    /// <summary>Ends it as if its machine had failed: the next start recovers what was committed.</summary>
    public Task CrashAsync(CancellationToken cancel) => EndAsync("QUIT", cancel);

    private async Task EndAsync(string signal, CancellationToken cancel)
    {
        if (_process is null) return;
        await _process.SignalAsync(signal, cancel);
        await _process.FinishAsync(cancel);
        await _process.DisposeAsync();
        _process = null;
    }

    /// <summary>Runs one statement.</summary>
    public async Task<object?> CommandAsync(string sql, CancellationToken cancel)
    {
        await using var connection = new NpgsqlConnection(Connection + ";Pooling=false");
        await connection.OpenAsync(cancel);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(cancel);
    }

    /// <summary>Ends every connection but its own.</summary>
    public Task CutAsync(CancellationToken cancel) =>
        CommandAsync("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = current_user", cancel);

    public async ValueTask DisposeAsync()
    {
        await CrashAsync(CancellationToken.None); // its own processes end with it
        _folder.Dispose();
    }

    private string Data => _folder.Of("data");

    private static bool IsRoot => Environment.UserName == "root";

    /// <summary>The newest that there is.</summary>
    private static string Program(string name)
    {
        const string Versions = "/usr/lib/postgresql";
        var found = Directory.Exists(Versions) ? Directory.GetDirectories(Versions) : [];
        return found.Select(v => Path.Combine(v, "bin", name)).Where(File.Exists).OrderByDescending(p => p, StringComparer.Ordinal).FirstOrDefault()
            ?? throw new InvalidOperationException("there is no PostgreSQL here; './build test' installs it");
    }

    private async Task MakeAsync(CancellationToken cancel)
    {
        var password = _folder.Write("password", Password);
        if (_certificate is not null)
        {
            File.Copy(_certificate.CertificateFile, _folder.Of("server.pem"));
            File.Copy(_certificate.KeyFile, _folder.Of("server.key"));
        }

        if (IsRoot) await RunAsync("chown", ["-R", "postgres", _folder.Path], cancel);
        await using var making = Start(Program("initdb"),
        [
            "-D", Data, "-U", User, "--auth=scram-sha-256", "--pwfile=" + password, "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions",
        ]);
        var made = await making.FinishAsync(cancel);
        if (made.ExitCode != 0) throw new InvalidOperationException(made.Output + made.Error);
    }

    private GatehouseProcess Start(string program, string[] arguments) => IsRoot
        ? GatehouseProcess.StartProgram(
            "setpriv", [], _folder.Path, ["--reuid=postgres", "--regid=postgres", "--clear-groups", "--", program, .. arguments])
        : GatehouseProcess.StartProgram(program, [], _folder.Path, arguments);

    private static async Task RunAsync(string program, string[] arguments, CancellationToken cancel)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync(cancel);
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} ended with {process.ExitCode}");
    }
}

using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using StackExchange.Redis;

namespace Gatehouse.Stores;

/// <summary>
/// The connection to the servers. It comes about beside whoever asks, and again by itself; while there is none, questions fail at once instead of
/// waiting for it.
/// </summary>
internal sealed class RedisLink(RedisSettings settings) : IDisposable
{
    private static readonly TimeSpan ConnectTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _ended = new();
    private ConnectionMultiplexer? _connection;

    public bool IsConnected => Volatile.Read(ref _connection)?.IsConnected == true;

    /// <summary>Called after a connection was lost and came back, whether anybody has noticed or not; it may not wait.</summary>
    public Action? Restored { get; set; }

    /// <summary>Connects, and tries again until that is possible at all (a name that has no address yet); from then on the library does.</summary>
    public async Task ConnectAsync(TimeProvider clock)
    {
        while (!_ended.IsCancellationRequested)
        {
            try
            {
                var connection = await ConnectionMultiplexer.ConnectAsync(Options());
                connection.ConnectionRestored += (_, _) => Restored?.Invoke();
                Volatile.Write(ref _connection, connection);
                if (_ended.IsCancellationRequested) await connection.DisposeAsync();
                return;
            }
            catch (Exception)
            {
                // the store is lost as long as this goes on, which is what is told
            }

            await Task.Delay(RetryAfter, clock, _ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Runs the script. Ends when an answer is there, or when the library has given the question up; fails in any way.</summary>
    public async Task<long[]?> RunAsync(StoreQuestion question)
    {
        var database = (Volatile.Read(ref _connection) ?? throw new InvalidOperationException("not connected yet"))
            .GetDatabase();
        var (script, keys, values) = question;
        try
        {
            return (long[]?)await database.ScriptEvaluateAsync(script.Hash, keys, values, CommandFlags.DemandMaster);
        }
        catch (RedisServerException e) when (e.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
        {
            // the server is new, or was emptied: it is given the script itself, which it keeps
            return (long[]?)await database.ScriptEvaluateAsync(script.Text, keys, values, CommandFlags.DemandMaster);
        }
    }

    public void Dispose()
    {
        _ended.Cancel();
        Volatile.Read(ref _connection)?.Close(allowCommandsToComplete: false); // a store that hangs holds up no stop
    }

    private ConfigurationOptions Options()
    {
        var options = new ConfigurationOptions
        {
            AbortOnConnectFail = false,
            ClientName = "gatehouse",
            ConnectTimeout = (int)ConnectTime.TotalMilliseconds,
            ConnectRetry = 1,
            ReconnectRetryPolicy = new LinearRetry((int)RetryAfter.TotalMilliseconds),
            HeartbeatInterval = RetryAfter,
            AsyncTimeout = (int)Math.Max(1000, settings.Timeout.TotalMilliseconds * 4), // the asker has left long before; this frees what waits
            BacklogPolicy = BacklogPolicy.FailFast,
            DefaultDatabase = settings.Database,
            User = settings.User,
            Password = settings.Password is { } password ? Encoding.UTF8.GetString(password.Bytes) : null,
            Ssl = settings.Tls,
            IncludeDetailInExceptions = false,
            ConfigurationChannel = "",
            TieBreaker = "",
            CommandMap = CommandMap.Create(["SUBSCRIBE", "PSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE"], available: false), // no second connection
        };
        foreach (var address in settings.Addresses) options.EndPoints.Add(address);
        if (settings.Tls) options.SslClientAuthenticationOptions = Tls;
        return options;
    }

    /// <summary>The server's certificate is verified: chain, name and purpose.</summary>
    private SslClientAuthenticationOptions Tls(string host)
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = host,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        };
        if (settings.Authorities is not { } pem) return options;
        options.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        options.CertificateChainPolicy.CustomTrustStore.ImportFromPem(Encoding.ASCII.GetString(pem));
        return options;
    }
}

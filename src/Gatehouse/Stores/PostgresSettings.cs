using System.Data.Common;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Gatehouse.Configuration;

namespace Gatehouse.Stores;

/// <summary>Where the database is that instances share, and how it is spoken to.</summary>
/// <param name="Host">A name, an address, or the folder of a Unix socket.</param>
internal sealed record PostgresSettings(string Host, int Port, string Database, string User)
{
    private const int UsualPort = 5432;

    private static readonly string[] Known = ["host", "port", "database", "username", "password"];

    /// <summary>Never for a log.</summary>
    public string? Password { get; private init; }

    /// <summary>PEM of the authorities that the server is trusted by; null for the system's.</summary>
    public byte[]? Authorities { get; init; }

    /// <summary>The most that it may take to connect, and that a question may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Whether it is spoken to over TLS: always where that leaves the machine; on it, where authorities are named.</summary>
    public bool Tls => Authorities is not null || !IsOnThisMachine;

    public bool IsSocket => Host.StartsWith('/');

    /// <summary>What has to be the same for connections to be kept over a reload.</summary>
    public string Identity => string.Create(CultureInfo.InvariantCulture, $"{Host} {Port} {Database} {User} {Timeout} {Digest(Password)} {Digest(Authorities)}");

    private bool IsOnThisMachine =>
        IsSocket || Host == "localhost" || (IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address));

    /// <summary>Nothing of a password is shown by accident.</summary>
    public override string ToString() => nameof(PostgresSettings);

    /// <summary>
    /// Reads <c>Host=…;Port=…;Database=…;Username=…;Password=…</c>. There is nothing else: how it is spoken to is the declaration's to say.
    /// </summary>
    /// <param name="why">What is wrong, without anything of the text.</param>
    public static PostgresSettings? Parse(Secret connection, out string why)
    {
        var text = new DbConnectionStringBuilder();
        try
        {
            text.ConnectionString = Encoding.UTF8.GetString(connection.Bytes);
        }
        catch (ArgumentException)
        {
            why = "it is not of the form Host=…;Database=…;Username=…;Password=…";
            return null;
        }

        foreach (string key in text.Keys!)
        {
            if (Known.Contains(key, StringComparer.OrdinalIgnoreCase)) continue;
            why = "it says more than Host, Port, Database, Username and Password";
            return null;
        }

        var port = UsualPort;
        why = TextOf(text, "host") is not { } host ? "it has no Host"
            : host.Contains(',', StringComparison.Ordinal) ? "it has more than one Host"
            : TextOf(text, "database") is null ? "it has no Database"
            : TextOf(text, "username") is null ? "it has no Username"
            : TextOf(text, "port") is { } written && !IsPort(written, out port) ? "its Port is none"
            : "";
        if (why.Length > 0) return null;
        return new PostgresSettings(TextOf(text, "host")!, port, TextOf(text, "database")!, TextOf(text, "username")!)
        {
            Password = TextOf(text, "password"),
        };
    }

    private static string? TextOf(DbConnectionStringBuilder text, string key) =>
        text.TryGetValue(key, out var value) && value is string { Length: > 0 } written ? written : null;

    private static bool IsPort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= IPEndPoint.MaxPort;

    private static string Digest(string? text) => Digest(text is null ? null : Encoding.UTF8.GetBytes(text));

    private static string Digest(byte[]? bytes) => bytes is null ? "none" : Convert.ToHexString(SHA256.HashData(bytes));
}

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Canary;

/// <summary>
/// Draws a number that is always the same for the same caller: a keyed hash of what it is told apart by. Nothing is remembered, every instance draws
/// alike, and who is below a share stays below a larger one.
/// </summary>
internal sealed class StickyDraw
{
    /// <summary>Of what a client chooses itself no more than this is hashed.</summary>
    private const int Longest = 256;

    private readonly Stickiness _by;
    private readonly string? _cookie;
    private readonly byte[] _key;

    /// <param name="of">What is drawn for: another canary draws others.</param>
    public StickyDraw(Routes.Canary canary, string of)
    {
        (_by, _cookie) = (canary.Sticky, canary.Cookie);
        _key = SHA256.HashData(Encoding.UTF8.GetBytes(of));
    }

    /// <summary>From 0 to below 1.</summary>
    public double Of(Exchange exchange) => _by switch
    {
        Stickiness.Cookie when CookieOf(exchange) is { IsEmpty: false } value => Draw('k', value),
        Stickiness.Person when exchange.Caller?.Person is { } person => Draw('p', person.Key),
        Stickiness.Person or Stickiness.Consumer when exchange.Consumer is { } consumer => Draw('c', consumer.Id.Value),
        _ => Draw(exchange.Client.Value),
    };

    private double Draw(char kind, ReadOnlySpan<char> text)
    {
        if (text.Length > Longest) text = text[..Longest];
        Span<byte> bytes = stackalloc byte[1 + (3 * Longest)];
        bytes[0] = (byte)kind;
        Utf8.FromUtf16(text, bytes[1..], out _, out var written);
        return Draw(bytes[..(1 + written)]);
    }

    /// <summary>An IPv4 address by itself; of an IPv6 address the /64, of which one client usually has all (RFC 6177 section 2).</summary>
    private double Draw(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[17];
        address.TryWriteBytes(bytes[1..], out _);
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            bytes[0] = (byte)'4';
            return Draw(bytes[..5]);
        }

        if (address.IsIPv4MappedToIPv6)
        {
            bytes[13..].CopyTo(bytes[1..]);
            bytes[0] = (byte)'4';
            return Draw(bytes[..5]);
        }

        bytes[0] = (byte)'6';
        return Draw(bytes[..9]);
    }

    private double Draw(ReadOnlySpan<byte> subject)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, subject, hash);
        return (BinaryPrimitives.ReadUInt64BigEndian(hash) >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>The cookie's value (RFC 6265 section 4.2); of two with this name the first.</summary>
    private ReadOnlySpan<char> CookieOf(Exchange exchange)
    {
        foreach (var line in exchange.RequestHeaders.Cookie)
        {
            var text = line.AsSpan();
            foreach (var part in text.Split(';'))
            {
                var pair = text[part].Trim();
                var equals = pair.IndexOf('=');
                if (equals > 0 && pair[..equals].SequenceEqual(_cookie)) return pair[(equals + 1)..];
            }
        }

        return default;
    }
}

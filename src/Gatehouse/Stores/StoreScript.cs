using System.Security.Cryptography;
using System.Text;
using StackExchange.Redis;

namespace Gatehouse.Stores;

/// <summary>What a store does in one step that nothing comes between.</summary>
internal sealed class StoreScript(string text)
{
    public string Text { get; } = text;

    /// <summary>By which a server knows the script once it has seen it: SHA-1, as the protocol has it.</summary>
    public byte[] Hash { get; } = Sha1(text);

#pragma warning disable CA5350 // it names a script and protects nothing
    private static byte[] Sha1(string text) => SHA1.HashData(Encoding.ASCII.GetBytes(text));
#pragma warning restore CA5350
}

/// <summary>A script with what it is asked.</summary>
internal readonly record struct StoreQuestion(StoreScript Script, RedisKey[] Keys, RedisValue[] Values);

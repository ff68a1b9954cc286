namespace Gatehouse.Register;

/// <summary>One change of a register: what whoever keeps a record of administrative acts is told, and what the store keeps of it.</summary>
/// <param name="What">A word of a closed list: <c>key-issued</c>, <c>key-rotated</c>, <c>key-revoked</c>, <c>suspended</c>, <c>resumed</c>.</param>
/// <param name="Subject">What it is about: <c>key 3f9k2m7q of stock-sync</c>, <c>route orders/get-order</c>.</param>
/// <param name="By">Who has done it, as they say.</param>
/// <param name="Before">The state before, in words; nothing of a secret is in it.</param>
/// <param name="After">The state after.</param>
internal sealed record RegisterChange(
    string What, string Subject, DateTimeOffset At, string By, string Reason, string Before, string After);

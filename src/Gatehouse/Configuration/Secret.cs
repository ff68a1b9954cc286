namespace Gatehouse.Configuration;

/// <summary>Bytes that must not be seen. Their only text is the reference they came from.</summary>
/// <param name="Reference">Where they came from: <c>file:…</c> or <c>env:…</c>.</param>
internal sealed record Secret(string Reference, byte[] Bytes)
{
    public override string ToString() => Reference;
}

namespace Gatehouse.TestKit;

/// <summary>Marks a test as proof of a security control, by the control's id: <c>[Control("KEY-3")]</c>.</summary>
/// <param name="id">The control.</param>
/// <param name="part">Of what the control asks, all that its tests show: said where they do not show the whole of it.</param>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class, AllowMultiple = true)]
public sealed class ControlAttribute(string id, string? part = null) : Attribute
{
    public string Id { get; } = id;

    public string? Part { get; } = part;
}

namespace Gatehouse.TestKit;

/// <summary>Marks a test as proof of a security control, by the control's id: <c>[Control("KEY-3")]</c>.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class, AllowMultiple = true)]
public sealed class ControlAttribute(string id) : Attribute
{
    public string Id { get; } = id;
}

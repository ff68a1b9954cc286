namespace Gatehouse.Routes;

/// <summary>How much a route matters while the gateway cannot serve everything: what is low is shed first.</summary>
internal enum Priority
{
    Low,
    Normal,
    High,
}

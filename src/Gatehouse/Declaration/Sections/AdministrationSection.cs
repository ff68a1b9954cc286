using System.Net;
using Gatehouse.Configuration;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>administration</c> and <c>health</c>: where the gateway answers about itself.</summary>
internal static class AdministrationSection
{
    public static readonly Key<IPEndPoint> Address = new("address", NetworkShapes.EndPoint(), "The address and port to listen on.")
    {
        Required = true,
    };

    public static readonly Shape<ListeningPoint> Administration = new Section<ListeningPoint>("administration", [Address], Read);

    public static readonly Shape<ListeningPoint> Health = new Section<ListeningPoint>("health", [Address], Read);

    private static ListeningPoint? Read(SectionReader text) =>
        text.Find(Address) is { } address ? new ListeningPoint(address.Value, address.Place) : null;
}

internal sealed record ListeningPoint(IPEndPoint Address, Place Place);

using Gatehouse.Consumers;

namespace Gatehouse.Cli.Commands.Demo;

/// <summary>The keys of one run of the demo: new each time, gone with it.</summary>
internal sealed class DemoKeys
{
    public NewApiKey WebShop { get; } = ApiKeyText.Create();

    public NewApiKey StockSync { get; } = ApiKeyText.Create();

    public NewApiKey Newsletter { get; } = ApiKeyText.Create();

    public NewApiKey ContactCentre { get; } = ApiKeyText.Create();

    public NewApiKey AcmeFreight { get; } = ApiKeyText.Create();

    public NewApiKey PrivacyOffice { get; } = ApiKeyText.Create();

    /// <summary>A key like any other, which no declaration knows.</summary>
    public NewApiKey OfNobody { get; } = ApiKeyText.Create();
}

using Gatehouse.Consumers;

namespace Gatehouse.Cli.Commands.Demo;

/// <summary>The keys of one run of the demo: new each time, gone with it.</summary>
internal sealed class DemoKeys
{
    public NewApiKey StockSync { get; } = ApiKeyText.Create();

    /// <summary>A key like any other, which no declaration knows.</summary>
    public NewApiKey OfNobody { get; } = ApiKeyText.Create();
}

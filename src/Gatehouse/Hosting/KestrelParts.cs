using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gatehouse.Hosting;

/// <summary>
/// Collects what Kestrel needs to be made, and nothing else. Kestrel offers its parts to web host builders only; the ready-made ones read
/// configuration, environment and folders, which costs a tenth of the start and would let something besides the declaration have a say.
/// </summary>
internal sealed class KestrelParts : IWebHostBuilder, IMeterFactory
{
    private readonly ServiceCollection _services = new();

    public KestrelParts(DiagnosticSource events)
    {
        _services.AddOptions();
        _services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
        _services.AddSingleton(typeof(ILogger<>), typeof(NullLogger<>));
        _services.AddSingleton<IMeterFactory>(this);
        _services.AddSingleton(events);
        _services.AddSingleton<IHostEnvironment>(new HostingEnvironment
        {
            ApplicationName = "gatehouse",
            ContentRootFileProvider = new NullFileProvider(),
        });
    }

    public ServiceProvider Make() => _services.BuildServiceProvider();

    public IWebHostBuilder ConfigureServices(Action<IServiceCollection> configureServices)
    {
        configureServices(_services);
        return this;
    }

    public IWebHostBuilder ConfigureServices(Action<WebHostBuilderContext, IServiceCollection> configureServices) =>
        ConfigureServices(services => configureServices(new WebHostBuilderContext(), services));

    /// <summary>Kestrel's own instruments, which nobody listens to until somebody does. Their scope tells them from those of other servers.</summary>
    public Meter Create(MeterOptions options) => new(options.Name, options.Version, options.Tags, scope: this);

    public void Dispose()
    {
    }

    public string? GetSetting(string key) => null;

    public IWebHostBuilder UseSetting(string key, string? value) => this;

    public IWebHostBuilder ConfigureAppConfiguration(Action<WebHostBuilderContext, IConfigurationBuilder> configureDelegate) => this;

#pragma warning disable ASPDEPR008 // the interface still asks for it
    public IWebHost Build() => throw new NotSupportedException("only the parts are made here");
#pragma warning restore ASPDEPR008
}

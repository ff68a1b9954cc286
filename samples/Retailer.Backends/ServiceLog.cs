using Microsoft.Extensions.Logging;

namespace Retailer.Backends;

/// <summary>The log of a service: a line for every warning, with the service's name, and nothing else.</summary>
/// <param name="lines">Where the lines go; several services may share it.</param>
internal sealed class ServiceLog(string instance, TextWriter lines) : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        lock (lines) lines.WriteLine($"{instance}: {formatter(state, exception)}");
    }

    public void Dispose()
    {
        // the lines belong to whoever reads them
    }
}

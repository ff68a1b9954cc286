using System.Net.Sockets;
using System.Runtime.InteropServices;
using Gatehouse.Configuration;
using Gatehouse.Runtime;
using Gatehouse.Telemetry;

namespace Gatehouse.Hosting;

/// <summary>
/// Starts gateways. <see cref="RunAsync"/> is the whole life of the process's gateway, signals included; <see cref="StartAsync"/> is for
/// everybody else.
/// </summary>
internal static class GatewayHost
{
    /// <summary>
    /// Serves until SIGTERM, SIGINT or <paramref name="stop"/>, then drains; asked once more, it stops at once. SIGHUP looks for changes at
    /// once and reopens the access log.
    /// </summary>
    /// <returns>The exit code: 0 after a stop that was asked for, 1 when the gateway could not start or go on.</returns>
    public static async Task<int> RunAsync(GatewayOptions options, CancellationToken stop = default)
    {
        var events = new EventWriter(options.Events, options.Clock);
        RunningGateway? gateway = null;
        using var signals = new StopSignals(options.Clock);
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnStop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnStop);
        using var hangUp = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnHangUp);
        await using var token = stop.Register(signals.Terminate);
        try
        {
            gateway = await StartAsync(options, stop);
        }
        catch (GatewayStartException e)
        {
            foreach (var finding in e.Findings) await options.Events.WriteLineAsync(finding.ToString());
            events.Write(e.Message);
            return 1;
        }

        await using (gateway) // ends before the signals do: one that comes late must not kill what still writes the access log
        {
            var first = await Task.WhenAny(signals.Asked, gateway.Expired);
            await gateway.StopAsync(signals.Hurry);
            return first == signals.Asked ? 0 : 1;
        }

        void OnStop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            if (signal.Signal == PosixSignal.SIGINT) signals.Interrupt();
            else signals.Terminate();
        }

        void OnHangUp(PosixSignalContext signal)
        {
            signal.Cancel = true;
            gateway?.ReopenAccessLog();
            _ = gateway?.ReloadAsync(CancellationToken.None);
        }
    }

    /// <summary>Reads the declaration, compiles it and listens. When it returns, every listener answers.</summary>
    /// <exception cref="GatewayStartException">The declaration has errors, or an address cannot be listened on. Nothing listens.</exception>
    public static async Task<RunningGateway> StartAsync(GatewayOptions options, CancellationToken cancel = default)
    {
        // a lone line feed is no end of line (RFC 9112 section 2.2 allows it, and request smuggling lives on it)
        AppContext.SetSwitch("Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators", true);
        var first = FirstDeclaration.Read(options);
        var gateway = new RunningGateway(first, options);
        try
        {
            await gateway.ListenAsync(cancel);
            return gateway;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            await gateway.DisposeAsync();
            throw new GatewayStartException($"{gateway.Opening} cannot listen: {Reason(e)}; nothing is served", first.Loaded.Findings, e);
        }
        catch
        {
            await gateway.DisposeAsync();
            throw;
        }
    }

    private static string Reason(Exception e)
    {
        var socket = e as SocketException ?? e.InnerException as SocketException ?? e.InnerException?.InnerException as SocketException;
        return socket?.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse => "the address is in use",
            SocketError.AddressNotAvailable => "this machine does not have the address",
            SocketError.AccessDenied => "the port may not be used by this account",
            { } other => other.ToString(),
            null => e.GetType().Name,
        };
    }
}

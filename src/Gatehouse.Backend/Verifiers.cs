using System.Collections.Concurrent;

namespace Gatehouse.Backend;

/// <summary>One verifier for each scheme: handlers are made for each request, keys are not.</summary>
internal sealed class Verifiers : IDisposable
{
    private readonly ConcurrentDictionary<string, AssertionVerifier> _byScheme = new(StringComparer.Ordinal);

    public AssertionVerifier For(string scheme, GatehouseOptions options, TimeProvider clock) =>
        _byScheme.GetOrAdd(scheme, static (_, made) => new AssertionVerifier(made.options, made.clock), (options, clock));

    public void Dispose()
    {
        foreach (var verifier in _byScheme.Values) verifier.Dispose();
    }
}

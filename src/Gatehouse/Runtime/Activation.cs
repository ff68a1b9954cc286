using Gatehouse.Configuration;
using Gatehouse.Pipeline;

namespace Gatehouse.Runtime;

/// <summary>
/// Holds the snapshot in force and replaces it, whole, by the next one. Whatever is wrong with a next one, the one in force stays. Activations come
/// one at a time; exchanges read at any time.
/// </summary>
internal sealed class Activation
{
    private readonly SnapshotCompiler _compiler;
    private readonly StateStore _state;
    private readonly string[] _listeners;
    private LoadedDeclaration _loaded;
    private GatewaySnapshot _current;

    /// <param name="first">A declaration without errors. Its listeners are the ones this process has for as long as it lives.</param>
    public Activation(LoadedDeclaration first, SnapshotCompiler compiler, StateStore state)
    {
        _compiler = compiler;
        _state = state;
        _loaded = first;
        _listeners = [.. first.Definition!.Listeners.Select(l => l.Name)];
        _current = compiler.Compile(first.Definition, 1, _listeners, first);
        compiler.Follow(_current);
    }

    /// <summary>The snapshot in force. An exchange takes it once and keeps it.</summary>
    public GatewaySnapshot Current => Volatile.Read(ref _current);

    /// <summary>Told of each snapshot that comes into force after the first.</summary>
    public Action<GatewaySnapshot>? Swapped { get; set; }

    /// <summary>Records durably that a snapshot comes into force. False keeps it from doing so; null where nothing is recorded.</summary>
    public Func<GatewaySnapshot, bool>? Record { get; set; }

    /// <summary>
    /// Compiles the next snapshot beside the one in force and swaps them in one step, if the declaration is valid and needs no restart.
    /// </summary>
    public ActivationResult TryReplace(LoadedDeclaration next)
    {
        if (next.Definition is not { } definition) return new(ActivationOutcome.Refused, next.Findings);
        var restart = RestartRule.Check(_current.Definition, definition);
        if (restart.HasErrors) return new(ActivationOutcome.NeedsRestart, restart.InOrder());
        if (definition.Fingerprint == _current.Definition.Fingerprint && next.CertificateDigests() == _loaded.CertificateDigests())
            return new(ActivationOutcome.Unchanged, next.Findings);
        var snapshot = _compiler.Compile(definition, _current.Revision + 1, _listeners, next);
        if (Record?.Invoke(snapshot) == false) return new(ActivationOutcome.Unrecorded, next.Findings);
        _loaded = next;
        _compiler.Follow(snapshot);
        Volatile.Write(ref _current, snapshot);
        Swapped?.Invoke(snapshot);
        _state.Sweep();
        return new(ActivationOutcome.Activated, next.Findings);
    }
}

/// <summary>What became of a declaration that was to be activated.</summary>
internal enum ActivationOutcome
{
    /// <summary>It is in force.</summary>
    Activated,

    /// <summary>It means the same as the one in force.</summary>
    Unchanged,

    /// <summary>It is wrong; the one before stays in force.</summary>
    Refused,

    /// <summary>It changes what only a restart can change; the one before stays in force, and nothing of the new one is taken.</summary>
    NeedsRestart,

    /// <summary>That it comes into force cannot be recorded at the moment; the one before stays in force, and this one is tried again.</summary>
    Unrecorded,
}

/// <param name="Findings">What was wrong or worth a word.</param>
internal sealed record ActivationResult(ActivationOutcome Outcome, IReadOnlyList<Finding> Findings);

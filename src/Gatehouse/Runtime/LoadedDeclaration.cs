using System.Net.Security;
using Gatehouse.Certificates;
using Gatehouse.Configuration;
using Gatehouse.Declaration;
using Gatehouse.Pipeline;

namespace Gatehouse.Runtime;

/// <summary>
/// A declaration as it was read, together with the certificates of its listeners, all made from the same bytes: what can be activated.
/// </summary>
/// <param name="Definition">Null when there is at least one error.</param>
/// <param name="Findings">Everything that is wrong or worth a word.</param>
/// <param name="Digests">The files that were read and their digests: what has to be watched.</param>
/// <param name="Certificates">The certificate of each listener that speaks TLS, by the listener's name.</param>
internal sealed record LoadedDeclaration(
    GatewayDefinition? Definition,
    IReadOnlyList<Finding> Findings,
    IReadOnlyDictionary<string, string> Digests,
    IReadOnlyDictionary<string, SslStreamCertificateContext> Certificates)
{
    /// <summary>For each listener that asks for client certificates, by its name, what they are judged by.</summary>
    public IReadOnlyDictionary<string, TrustedClients> Clients { get; init; } = new Dictionary<string, TrustedClients>();

    /// <summary>How many findings were left out because there were too many.</summary>
    public int LeftOut { get; init; }

    /// <summary>How many of those were errors.</summary>
    public int ErrorsLeftOut { get; init; }

    /// <param name="kinds">The second part of the catalogue.</param>
    /// <param name="environment">The name of the environment whose file says where things are, or null.</param>
    public static LoadedDeclaration Load(
        string path,
        SourceFiles files,
        TimeProvider clock,
        IReadOnlyList<RoutePolicyKind> kinds,
        string? environment = null)
    {
        var reading = DeclarationReader.Read(path, files, clock.GetUtcNow(), kinds, environment);
        return From(reading, files);
    }

    /// <summary>
    /// What is read in a way that nobody has foreseen is a declaration that cannot be read: nothing of it is served, the last good one can be, and
    /// a reload tries it again when a file has changed, not at every look.
    /// </summary>
    public static LoadedDeclaration OrSay(Func<SourceFiles, LoadedDeclaration> read, SourceFiles files, string declaration)
    {
        try
        {
            return read(files);
        }
        catch (Exception e) when (IsUnforeseen(e))
        {
            var findings = new Findings();
            SayUnforeseen(e, declaration, findings);
            return new LoadedDeclaration(null, findings.InOrder(), files.Digests, new Dictionary<string, SslStreamCertificateContext>());
        }
    }

    /// <summary>Too little memory is no fault of the text, and may be over at the next look.</summary>
    public static bool IsUnforeseen(Exception e) => e is not OutOfMemoryException;

    public static void SayUnforeseen(Exception e, string declaration, Findings findings) =>
        findings.Add(Rules.UnusableFile, new Place(declaration, 1, 1), $"reading it failed ({e.GetType().Name}), which is a fault of the gateway's own",
            "report it, with the declaration");

    public static LoadedDeclaration From(Reading reading, SourceFiles files)
    {
        var certificates = new Dictionary<string, SslStreamCertificateContext>(StringComparer.Ordinal);
        if (reading.Definition is null)
            return new LoadedDeclaration(null, reading.Findings, files.Digests, certificates)
            {
                LeftOut = reading.LeftOut,
                ErrorsLeftOut = reading.ErrorsLeftOut,
            };
        var findings = new Findings();
        var clients = new Dictionary<string, TrustedClients>(StringComparer.Ordinal);
        foreach (var listener in reading.Definition.Listeners)
        {
            if (listener.Tls is { } tls && CertificateLoader.TryLoad(tls, files, findings) is { } certificate)
                certificates[listener.Name] = certificate;
            if (listener.Tls?.Clients is { } declared) clients[listener.Name] = ClientTrustLoader.Load(declared, files);
        }

        return new LoadedDeclaration(
            findings.HasErrors ? null : reading.Definition,
            [.. reading.Findings, .. findings.InOrder()],
            files.Digests,
            certificates)
        {
            Clients = clients,
            LeftOut = reading.LeftOut,
            ErrorsLeftOut = reading.ErrorsLeftOut,
        };
    }

    /// <summary>What the files of certificates and keys hold, in one text: they may change while the declaration stays the same.</summary>
    public string CertificateDigests() =>
        Definition is null ? "" : string.Join(' ', Definition.Listeners
            .Where(l => l.Tls is not null)
            .SelectMany(l => (IEnumerable<string>)
                [l.Name, l.Tls!.Certificate, l.Tls.Key, .. l.Tls.Clients?.Files ?? [], .. l.Tls.Clients?.ListFiles ?? []])
            .Select(path => Digests.GetValueOrDefault(path, path)));
}

using System.CommandLine;
using System.Security.Cryptography;
using System.Text;

namespace Gatehouse.Cli.Commands.Keys;

/// <summary>
/// <c>gatehouse key init FILE</c>: writes a new pepper, the secret under which API keys are hashed; with <c>--assertions</c> a key under which
/// assertions are signed, with <c>--audit</c> one under which checkpoints of the audit trail are.
/// </summary>
internal static class KeyInitCommand
{
    private const int PepperBytes = 32;

    public static Command Create()
    {
        var file = new Argument<string>("FILE")
        {
            Description = "Where to write it. A file that exists is never overwritten: what was made under it would all stop working.",
        }.OfFiles();
        var assertions = new Option<bool>("--assertions")
        {
            Description = "Write a private key (EC P-256, PEM) under which backends are told who calls, instead of a pepper.",
        };
        var audit = new Option<bool>("--audit")
        {
            Description = "Write a private key (EC P-256, PEM) under which checkpoints of the audit trail are signed, and the public one into FILE.pub.",
        };
        var command = new Command("init", "Writes a new pepper, or a new key, that only its owner may read (mode 0600).") { file, assertions, audit };
        command.Validators.Add(result =>
        {
            if (result.GetResult(assertions) is not null && result.GetResult(audit) is not null)
                result.AddError("'--assertions' and '--audit' are different keys.");
        });
        command.SetAction(async (parsed, cancelled) =>
        {
            var path = parsed.GetRequiredValue(file);
            var signs = parsed.GetValue(assertions);
            var seals = parsed.GetValue(audit);
            string about;
            try
            {
                about = seals ? AboutAuditKey(path, await WriteAuditKeyAsync(path, cancelled)) : signs ? AboutAssertionKey(path) : AboutPepper(path);
                if (!seals) await (signs ? WriteAssertionKeyAsync(path, cancelled) : WriteAsync(path, cancelled));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                var what = signs || seals ? "The key" : "The pepper";
                await parsed.InvocationConfiguration.Error.WriteLineAsync($"{what} was not written: {e.Message}");
                return ExitCode.Failed;
            }

            await parsed.InvocationConfiguration.Output.WriteLineAsync(about);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Writes 256 random bits as one line of base64, to a new file.</summary>
    public static Task WriteAsync(string path, CancellationToken cancelled) =>
        WriteAsync(path, Convert.ToBase64String(RandomNumberGenerator.GetBytes(PepperBytes)), cancelled);

    /// <summary>Writes a new private key on the curve P-256 in PEM (PKCS #8), to a new file.</summary>
    public static async Task WriteAssertionKeyAsync(string path, CancellationToken cancelled)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await WriteAsync(path, key.ExportPkcs8PrivateKeyPem(), cancelled);
    }

    /// <summary>Writes a new private key on the curve P-256 in PEM (PKCS #8), and the public one beside it for everybody to read.</summary>
    /// <returns>The public key in PEM.</returns>
    public static async Task<string> WriteAuditKeyAsync(string path, CancellationToken cancelled)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var open = key.ExportSubjectPublicKeyInfoPem();
        if (File.Exists(path + ".pub")) throw new IOException($"{path}.pub is there already");
        await WriteAsync(path, key.ExportPkcs8PrivateKeyPem(), cancelled);
        await WriteAsync(path + ".pub", open, cancelled, UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        return open;
    }

    private static async Task WriteAsync(string path, string text, CancellationToken cancelled, UnixFileMode others = UnixFileMode.None)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | others;
        await using var file = new FileStream(path, options);
        await file.WriteAsync(Encoding.ASCII.GetBytes(text + "\n"), cancelled);
    }

    private static string AboutPepper(string path) =>
        $"""
        Wrote {path}. Refer to it in the declaration, by a path relative to the declaration:

          keys: {"{"} pepper: "file:{Path.GetFileName(path)}" {"}"}

        Keep it out of the repository, and keep a copy: without it no key can be verified.
        """;

    private static string AboutAssertionKey(string path) =>
        $"""
        Wrote {path}. Refer to it in the declaration, by a path relative to the declaration:

          assertions: {"{"} issuer: "https://gateway.example", keys: [ "file:{Path.GetFileName(path)}" ] {"}"}

        Keep it out of the repository. The first key signs, all are published: to replace one, add the new one behind it, put it first
        when backends have fetched it (five minutes), and take the old one away when what it signed has ended (a minute).
        """;

    private static string AboutAuditKey(string path, string open) =>
        $"""
        Wrote {path}. Refer to it in the declaration, by a path relative to the declaration:

          audit: {"{"} store: audit.db, key: "file:{Path.GetFileName(path)}" {"}"}

        Keep it out of the repository and away from the store: who has both can write a trail that verifies. Give the public key, which is in
        {path}.pub too, to whoever is to verify the trail:

        {open}
        """;
}

using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Gatehouse.Cli.Commands.Output;
using Gatehouse.Cli.Commands.Register;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Hosting;
using Gatehouse.Register;

namespace Gatehouse.Cli.Commands.Keys;

/// <summary>API keys that are kept in the register: made, replaced and ended without a change of the declaration.</summary>
/// <param name="declaration">The file.</param>
internal sealed class StoredKeys(GatewayOptions gateway, string declaration, string? environment, InvocationConfiguration console)
{
    /// <summary>Makes a key for a consumer that takes issued ones, and shows it once.</summary>
    public async Task<int> CreateAsync(string consumer, DateOnly expires, string by, string reason, string form, CancellationToken cancelled)
    {
        await using var access = RegisterAccess.Open(gateway, declaration, environment, console.Error);
        if (access?.FindConsumer(consumer) is not { } holder) return ExitCode.Failed;
        if (!holder.Authenticate.Any(a => a.Issued))
        {
            await console.Error.WriteLineAsync($"{consumer} takes no issued keys: add to its 'authenticate':  - apiKey: {{ issued: true }}");
            return ExitCode.Failed;
        }

        var (key, issued) = Make(access, consumer, expires, by, reason);
        if (!await access.ChangeAsync(content => RegisterEdit.Issue(content, issued), cancelled)) return ExitCode.Failed;
        Print(form, key, consumer, expires, "");
        return ExitCode.Done;
    }

    /// <summary>Makes a key in the place of another, which ends after a while.</summary>
    public async Task<int> RotateAsync(
        string id, TimeSpan overlap, DateOnly expires, string by, string reason, string form, CancellationToken cancelled)
    {
        await using var access = RegisterAccess.Open(gateway, declaration, environment, console.Error);
        if (access is null) return ExitCode.Failed;
        var (key, issued) = Make(access, "", expires, by, reason);
        var (end, holder) = (gateway.Clock.GetUtcNow() + overlap, "");
        var isMade = await access.ChangeAsync(
            content =>
            {
                holder = content.FindKey(id)?.Consumer ?? "";
                return RegisterEdit.Rotate(content, id, issued with { Consumer = holder }, end);
            },
            cancelled);
        if (!isMade) return ExitCode.Failed;
        Print(form, key, holder, expires, $"The key {id} is accepted until {RegisterEdit.Text(end)}, or until it expires if that is sooner.");
        return ExitCode.Done;
    }

    public async Task<int> RevokeAsync(string id, string by, string reason, CancellationToken cancelled)
    {
        await using var access = RegisterAccess.Open(gateway, declaration, environment, console.Error);
        if (access is null) return ExitCode.Failed;
        if (access.Definition.Consumers.FindByKeyId(id) is { } declared)
        {
            await console.Error.WriteLineAsync($"The key {id} of {declared.Consumer.Id} is in the declaration: 'gatehouse key revoke --id {id} --print' prints the line that "
                + $"ends it, and 'gatehouse suspend credential {id}' keeps it from passing at once.");
            return ExitCode.Failed;
        }

        var ending = new Ending(gateway.Clock.GetUtcNow(), by, reason);
        if (!await access.ChangeAsync(content => RegisterEdit.Revoke(content, id, ending), cancelled)) return ExitCode.Failed;
        await console.Output.WriteLineAsync($"The key {id} is revoked: every instance refuses it within five seconds.");
        return ExitCode.Done;
    }

    /// <summary>The keys of the register, for a listing; null when it cannot be read, which has been said.</summary>
    public async Task<IEnumerable<Listing.Row>?> ListAsync(CancellationToken cancelled)
    {
        await using var access = RegisterAccess.Open(gateway, declaration, environment, console.Error);
        if (access is null || await access.ReadAsync(cancelled) is not { } content) return null;
        var now = gateway.Clock.GetUtcNow();
        return content.Keys.OrderBy(k => k.Consumer, StringComparer.Ordinal).ThenBy(k => k.Expires).Select(k => new Listing.Row(
            k.Id, k.Consumer, k.Expires.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), k.StateAt(now), $"register, by {k.By}"));
    }

    private (NewApiKey Key, IssuedKey Issued) Make(RegisterAccess access, string consumer, DateOnly expires, string by, string reason)
    {
        var key = ApiKeyText.Create();
        while (access.Definition.Consumers.FindByKeyId(key.Id) is not null) key = ApiKeyText.Create();
        var hash = new byte[ApiKeyHash.Bytes];
        ApiKeyHash.Compute(access.Definition.Pepper!, key.Key, hash);
        var ends = new DateTimeOffset(expires, TimeOnly.MinValue, TimeSpan.Zero);
        return (key, new IssuedKey(key.Id, consumer, hash, gateway.Clock.GetUtcNow(), ends) { By = by, Reason = reason });
    }

    private void Print(string form, NewApiKey key, string consumer, DateOnly expires, string more)
    {
        var day = expires.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        if (form == "json")
        {
            Listing.WriteJson(new JsonObject { ["key"] = key.Key, ["id"] = key.Id, ["consumer"] = consumer, ["expires"] = day }, console.Output);
            return;
        }

        console.Output.WriteLine(
            $"""
            A key of {consumer}, good until {day}. It is shown this once and is stored nowhere:

              {key.Key}

            Callers send it as X-Api-Key. Every instance takes it within five seconds. {more}
            """.TrimEnd());
    }
}

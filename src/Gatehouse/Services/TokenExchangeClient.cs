using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;

namespace Gatehouse.Services;

/// <summary>What became of an exchange: the value of <c>Authorization</c> for the upstream, or why there is none (a constant text).</summary>
internal readonly record struct ExchangedToken(string? Authorization, string? Why)
{
    /// <summary>A token is not shown by accident.</summary>
    public override string ToString() => Why ?? "a token";
}

/// <summary>
/// Gets tokens for one upstream (RFC 8693 section 2; RFC 6749 section 4.4 for callers without one). A token is remembered, by the digest of the one
/// that it was given for, until shortly before it ends or until that one does; one without a stated end is not. Who asks for the same at the same
/// time waits for the same answer. Failures are not remembered.
/// </summary>
internal sealed class TokenExchangeClient(TokenExchange exchange, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);
    private static readonly Digest OwnToken = Digest.Of("the gateway's own"u8);

    private readonly ServiceClient _service = new(exchange.Endpoint, clock);
    private readonly AnswerCache<string> _tokens = new(clock);
    private readonly ConcurrentDictionary<Digest, Task<ExchangedToken>> _underWay = new();
    private readonly AuthenticationHeaderValue _credential = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(
        $"{Form(exchange.ClientId)}:{Form(Encoding.UTF8.GetString(exchange.Secret.Bytes))}"))); // RFC 6749 section 2.3.1

    /// <param name="presented">The caller's token; null for one of the gateway's own.</param>
    /// <param name="ends">When the caller's token ends: nobody asks for what was given for it after that. Null when nobody knows.</param>
    /// <param name="cancel">The asker's: it stops to wait, and others may go on.</param>
    public ValueTask<ExchangedToken> GetAsync(string? presented, DateTimeOffset? ends, CancellationToken cancel)
    {
        var key = presented is null ? OwnToken : Digest.Of(presented);
        return _tokens.TryGet(key, out var known) ? new(new ExchangedToken(known, null)) : new(JoinAsync(key, presented, ends, cancel));
    }

    public void Dispose() => _service.Dispose();

    private Task<ExchangedToken> JoinAsync(Digest key, string? presented, DateTimeOffset? ends, CancellationToken cancel)
    {
        var mine = new TaskCompletionSource<ExchangedToken>(TaskCreationOptions.RunContinuationsAsynchronously);
        var under = _underWay.GetOrAdd(key, mine.Task);
        if (ReferenceEquals(under, mine.Task)) _ = AskAsync(key, presented, ends, mine);
        return under.WaitAsync(cancel);
    }

    /// <summary>Never throws: whoever waits gets an answer.</summary>
    private async Task AskAsync(Digest key, string? presented, DateTimeOffset? ends, TaskCompletionSource<ExchangedToken> waiting)
    {
        ExchangedToken outcome;
        try
        {
            var question = Encoding.ASCII.GetBytes(presented is null ? OwnGrant() : ExchangeGrant(presented));
            var answer = await _service.PostAsync(question, "application/x-www-form-urlencoded", _credential, null, CancellationToken.None);
            outcome = answer.Failure is { } failure ? new ExchangedToken(null, failure) : Take(key, presented, ends, answer);
        }
        catch (Exception) // nobody would hear of it: who waits is told that there is no token
        {
            outcome = new ExchangedToken(null, "the exchange failed");
        }

        _underWay.TryRemove(key, out _);
        waiting.SetResult(outcome);
    }

    private ExchangedToken Take(Digest key, string? presented, DateTimeOffset? ends, in ServiceAnswer answer)
    {
        if (TokenResponse.Read(answer.Body.Span) is not { } response) return new ExchangedToken(null, "an answer that holds no usable token");
        if (presented is not null && !response.IsExchanged) return new ExchangedToken(null, "an answer with another kind of token");
        if (!response.IsWithin(exchange.Scopes)) return new ExchangedToken(null, "a token with more scopes than were asked for");
        var authorization = "Bearer " + response.AccessToken;
        _tokens.Put(key, authorization, answer.AskedAt, LifeOf(response.ExpiresIn, ends));
        return new ExchangedToken(authorization, null);
    }

    /// <summary>
    /// A tenth less than the token lives, and at least five seconds less: it still has to reach the upstream. No longer than what is left of the
    /// caller's own.
    /// </summary>
    private TimeSpan LifeOf(TimeSpan lives, DateTimeOffset? ends)
    {
        if (lives > Longest) lives = Longest;
        var margin = lives / 10;
        lives -= margin > TimeSpan.FromSeconds(5) ? margin : TimeSpan.FromSeconds(5);
        return ends is { } end && end - clock.GetUtcNow() is var left && left < lives ? left : lives;
    }

    private string ExchangeGrant(string presented) =>
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"
        + "&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token"
        + "&requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token"
        + $"&audience={Form(exchange.Audience)}&scope={Form(string.Join(' ', exchange.Scopes))}&subject_token={Form(presented)}";

    private string OwnGrant() =>
        $"grant_type=client_credentials&audience={Form(exchange.Audience)}&scope={Form(string.Join(' ', exchange.Scopes))}";

    private static string Form(string text) => Uri.EscapeDataString(text).Replace("%20", "+", StringComparison.Ordinal);
}

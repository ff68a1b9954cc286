using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Gatehouse.Services;

/// <summary>An authoriser's word about one question.</summary>
internal enum Decision
{
    /// <summary>None could be had.</summary>
    Unknown,
    No,
    Yes,
}

/// <summary>
/// Asks an authoriser for a decision (Authorization API 1.0, sections 6 and 10.1). Only an answer of the status 200 in JSON whose one
/// <c>decision</c> is <c>true</c> is a yes. What it said is remembered for as long as the declaration allows, counted from the asking; that it said
/// nothing is not.
/// </summary>
internal sealed class AuthoriserClient(Authoriser authoriser, TimeProvider clock) : IDisposable
{
    private static readonly JsonReaderOptions Bounded = new() { MaxDepth = 32 };

    private readonly ServiceClient _service = new(authoriser.Endpoint, clock);
    private readonly AnswerCache<Decision> _answers = new(clock);
    private readonly AuthenticationHeaderValue? _credential =
        authoriser.Credential is { } secret ? new AuthenticationHeaderValue("Bearer", Encoding.ASCII.GetString(secret.Bytes)) : null;

    /// <summary>Whether the answer is known; then it was no call.</summary>
    public bool TryRemember(Digest question, out Decision decision) => _answers.TryGet(question, out decision);

    /// <param name="question">The evaluation request, as JSON.</param>
    /// <returns>The decision, and why there is none: a constant text.</returns>
    public async ValueTask<(Decision Decision, string? Why)> AskAsync(
        ReadOnlyMemory<byte> question, Digest digest, string requestId, CancellationToken cancel)
    {
        var answer = await _service.PostAsync(question, "application/json", _credential, requestId, cancel);
        if (answer.Failure is { } failure) return (Decision.Unknown, failure);
        var decision = Read(answer.Body.Span);
        if (decision == Decision.Unknown) return (decision, "an answer without one clear decision");
        _answers.Put(digest, decision, answer.AskedAt, authoriser.Cache);
        return (decision, null);
    }

    public void Dispose() => _service.Dispose();

    /// <summary>The one decision of an evaluation response (section 6.2); unknown for whatever is not exactly one.</summary>
    public static Decision Read(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, Bounded);
        var decision = Decision.Unknown;
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return Decision.Unknown;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var decides = reader.ValueTextEquals("decision"u8);
                reader.Read();
                if (decides)
                {
                    if (decision != Decision.Unknown || reader.TokenType is not (JsonTokenType.True or JsonTokenType.False)) return Decision.Unknown;
                    decision = reader.TokenType == JsonTokenType.True ? Decision.Yes : Decision.No;
                }
                else
                {
                    reader.Skip();
                }
            }

            return reader.Read() ? Decision.Unknown : decision; // nothing may stand behind the object
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return Decision.Unknown;
        }
    }
}

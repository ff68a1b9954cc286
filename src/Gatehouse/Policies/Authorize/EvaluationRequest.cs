using System.Buffers;
using System.Text.Json;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Authorize;

/// <summary>
/// Writes what an authoriser is asked (Authorization API 1.0, section 6.1). The same call of the same caller is always the same bytes, so that their
/// digest stands for the question. It holds personal values.
/// </summary>
internal static class EvaluationRequest
{
    /// <param name="values">What the names of <paramref name="id"/> stand for in the request's path.</param>
    public static ReadOnlyMemory<byte> Write(Exchange exchange, AuthorizeSpec spec, ResourceId id, string[] values)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            WriteSubject(json, exchange.Caller);
            json.WriteStartObject("action"u8);
            json.WriteString("name"u8, spec.Action);
            json.WriteStartObject("properties"u8);
            json.WriteString("method"u8, exchange.Method);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteStartObject("resource"u8);
            json.WriteString("type"u8, spec.ResourceType);
            json.WriteString("id"u8, id.With(values));
            json.WriteStartObject("properties"u8);
            json.WriteString("route"u8, exchange.RouteName);
            WritePath(json, id.Names, values);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteStartObject("context"u8);
            json.WriteString("address"u8, exchange.Client.ToString());
            json.WriteString("listener"u8, exchange.Listener.Name);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>Each value by itself: joined in the resource's id, those of two things can read the same.</summary>
    private static void WritePath(Utf8JsonWriter json, IReadOnlyList<string> names, string[] values)
    {
        if (values.Length == 0) return;
        json.WriteStartObject("path"u8);
        for (var i = 0; i < values.Length; i++) json.WriteString(names[i], values[i]);
        json.WriteEndObject();
    }

    /// <summary>The person whom the caller speaks for, or else the caller itself; who calls for a person is a property of the subject.</summary>
    private static void WriteSubject(Utf8JsonWriter json, Caller? caller)
    {
        json.WriteStartObject("subject"u8);
        json.WriteString("type"u8, caller is null ? "anonymous" : caller.Person is not null ? "person" : Word(caller.Consumer.Kind));
        json.WriteString("id"u8, caller is null ? "anonymous" : caller.Person?.Subject ?? caller.Consumer.Id.Value);
        if (caller is not null)
        {
            json.WriteStartObject("properties"u8);
            json.WriteString("consumer"u8, caller.Consumer.Id.Value);
            json.WriteString("credential"u8, caller.CredentialKind);
            if (caller.Person is { } person) json.WriteString("issuer"u8, person.Issuer);
            WriteList(json, "people"u8, caller.People);
            WriteList(json, "actors"u8, caller.Actors);
            WriteList(json, "scopes"u8, caller.ScopesInOrder());
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<string> values)
    {
        if (values.Count == 0) return;
        json.WriteStartArray(name);
        for (var i = 0; i < values.Count; i++) json.WriteStringValue(values[i]);
        json.WriteEndArray();
    }

    private static string Word(ConsumerKind kind) => kind switch
    {
        ConsumerKind.Application => "application",
        ConsumerKind.Partner => "partner",
        ConsumerKind.Service => "service",
    };
}

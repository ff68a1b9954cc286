using System.Text.Json;

namespace Gatehouse.Audit;

/// <summary>By what a record is found in the database: taken from its bytes, so that the table says nothing that the record does not.</summary>
internal sealed class PostgresFields
{
    private readonly List<string> _subjects = [];

    public string Kind { get; private set; } = "";

    public string? Request { get; private set; }

    public string? Intent { get; private set; }

    public string? Consumer { get; private set; }

    public string? Route { get; private set; }

    public string? Problem { get; private set; }

    /// <summary>For whom, and about whom, each as a query has it.</summary>
    public IReadOnlyList<string> Subjects => _subjects;

    public void Read(ReadOnlySpan<byte> line, ReadOnlySpan<byte> personal)
    {
        (Kind, Request, Intent, Consumer, Route, Problem) = ("", null, null, null, null, null);
        _subjects.Clear();
        var record = new Utf8JsonReader(line);
        record.Read();
        while (record.Read() && record.TokenType == JsonTokenType.PropertyName)
        {
            if (record.ValueTextEquals("kind"u8)) Kind = Next(ref record) ?? "";
            else if (record.ValueTextEquals("requestId"u8)) Request = Next(ref record);
            else if (record.ValueTextEquals("intent"u8)) Intent = Next(ref record);
            else if (record.ValueTextEquals("consumer"u8)) Consumer = Next(ref record);
            else if (record.ValueTextEquals("route"u8)) Route = Next(ref record);
            else if (record.ValueTextEquals("problem"u8)) Problem = Next(ref record);
            else record.Skip();
        }

        if (!personal.IsEmpty) ReadSubjects(personal);
    }

    /// <summary>For whom, and about whom; where a request comes from is not looked for.</summary>
    private void ReadSubjects(ReadOnlySpan<byte> personal)
    {
        var beside = new Utf8JsonReader(personal);
        beside.Read();
        while (beside.Read() && beside.TokenType == JsonTokenType.PropertyName)
        {
            var isPerson = beside.ValueTextEquals("person"u8);
            if (!isPerson && !beside.ValueTextEquals("about"u8))
            {
                beside.Skip();
                continue;
            }

            beside.Read();
            if (beside.TokenType != JsonTokenType.StartArray) continue;
            if (isPerson)
            {
                Sealed(ref beside);
                continue;
            }

            while (beside.Read() && beside.TokenType != JsonTokenType.EndArray)
                if (beside.TokenType == JsonTokenType.StartArray) Sealed(ref beside);
        }
    }

    /// <summary>A salt and a value.</summary>
    private void Sealed(ref Utf8JsonReader beside)
    {
        beside.Read();
        beside.Read();
        if (beside.TokenType == JsonTokenType.String && beside.GetString() is { } value && !_subjects.Contains(value)) _subjects.Add(value);
        beside.Read();
    }

    private static string? Next(ref Utf8JsonReader record)
    {
        record.Read();
        return record.GetString();
    }
}

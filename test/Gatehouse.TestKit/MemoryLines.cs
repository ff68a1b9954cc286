using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.Telemetry;

namespace Gatehouse.TestKit;

/// <summary>Keeps the lines of an access log, and lets a test wait for the one it expects.</summary>
internal sealed class MemoryLines : LineSink
{
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];
    private readonly List<(Func<JsonObject, bool> Wanted, TaskCompletionSource<JsonObject> Found)> _waiting = [];

    public override long Dropped => 0;

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_gate) return [.. _lines];
        }
    }

    /// <summary>All lines so far, read as JSON.</summary>
    public IReadOnlyList<JsonObject> Records => [.. Lines.Select(l => JsonNode.Parse(l)!.AsObject())];

    public override void Write(ReadOnlySpan<byte> line)
    {
        var text = Encoding.UTF8.GetString(line);
        lock (_gate)
        {
            _lines.Add(text);
            if (_waiting.Count == 0) return;
            var record = JsonNode.Parse(text)!.AsObject();
            foreach (var waiting in _waiting)
                if (waiting.Wanted(record)) waiting.Found.TrySetResult(record);
            _waiting.RemoveAll(w => w.Found.Task.IsCompleted);
        }
    }

    /// <summary>
    /// All lines, once there are as many: that of a call is written after its answer, so who has the answer may not have the line yet.
    /// </summary>
    public async Task<IReadOnlyList<JsonObject>> RecordsAsync(int least, CancellationToken cancel)
    {
        await Eventually.HoldsAsync(() => Task.FromResult(Lines.Count >= least), cancel);
        return Records;
    }

    /// <summary>The first line, written already or to come, that is wanted.</summary>
    public Task<JsonObject> WaitForAsync(Func<JsonObject, bool> wanted, CancellationToken cancel)
    {
        lock (_gate)
        {
            foreach (var line in _lines)
                if (JsonNode.Parse(line)!.AsObject() is var record && wanted(record)) return Task.FromResult(record);
            var found = new TaskCompletionSource<JsonObject>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((wanted, found));
            return found.Task.WaitAsync(Patience.Limit, cancel);
        }
    }
}

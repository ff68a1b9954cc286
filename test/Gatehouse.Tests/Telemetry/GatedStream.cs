using System.Text;

namespace Gatehouse.Tests.Telemetry;

/// <summary>
/// A stream that hangs until it is opened, and fails as often as it is told to. It goes on after it was closed, as a file that is opened anew
/// does.
/// </summary>
internal sealed class GatedStream : MemoryStream
{
    private readonly ManualResetEventSlim _open = new();
    private readonly SemaphoreSlim _written = new(0);
    private TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly StringBuilder _text = new();

    public int FailuresToCome { get; set; }

    public Task Entered => _entered.Task;

    public string Text
    {
        get
        {
            lock (_text) return _text.ToString();
        }
    }

    public override bool CanSeek => false;

    public void Open() => _open.Set();

    public void Hang()
    {
        _open.Reset();
        _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public async Task<string> WaitForAsync(int length)
    {
        while (Text.Length < length) await _written.WaitAsync(TestContext.Current.CancellationToken);
        return Text;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _entered.TrySetResult();
        _open.Wait();
        if (FailuresToCome-- > 0) throw new IOException("full");
        lock (_text) _text.Append(Encoding.UTF8.GetString(buffer));
        _written.Release();
    }
}

using System.Globalization;
using System.Text;

namespace Gatehouse.Telemetry;

/// <summary>
/// Text for a sink of lines, such as standard error: who writes never waits for who reads. Lines that found no room are counted, and told of by the
/// next that does.
/// </summary>
internal sealed class LineWriter(LineSink sink) : TextWriter(CultureInfo.InvariantCulture)
{
    private readonly Lock _gate = new();
    private readonly StringBuilder _line = new();
    private long _told;

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value)
    {
        lock (_gate)
        {
            if (value != '\n')
            {
                _line.Append(value);
                return;
            }

            Send(_line.ToString().TrimEnd('\r'));
            _line.Clear();
        }
    }

    public override void WriteLine(string? value)
    {
        lock (_gate)
        {
            Send(_line.Append(value).ToString());
            _line.Clear();
        }
    }

    private void Send(string line)
    {
        var lost = sink.Dropped;
        if (lost > _told)
        {
            sink.Write(Encoding.UTF8.GetBytes($"{lost - _told} lines before this one were lost: nothing took what was written"));
            if (sink.Dropped == lost) _told = lost;
        }

        sink.Write(Encoding.UTF8.GetBytes(line));
    }
}

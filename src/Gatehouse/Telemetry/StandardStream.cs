using System.Runtime.InteropServices;

namespace Gatehouse.Telemetry;

/// <summary>
/// The process's output or its errors, on Unix: write(2) and nothing around it. The console of .NET writes both under one lock, so that one that
/// nobody reads holds up the other, and it takes a pipe that nobody reads any more for written. A stream of files would write at a position of its
/// own, over what others have written to the same file.
/// </summary>
/// <param name="descriptor">It stays open: it belongs to the process.</param>
internal sealed class StandardStream(int descriptor) : Stream
{
    private const int Output = 1;
    private const int Errors = 2;

    /// <summary>So much goes into a pipe in one piece (PIPE_BUF of Linux): where both outputs are one pipe, no line comes within another.</summary>
    private const int Piece = 4096;

    private const int Interrupted = 4; // EINTR
    private const int Forever = -1;
    private const short Writable = 4; // POLLOUT
    private static readonly int WouldWait = OperatingSystem.IsLinux() ? 11 : 35; // EAGAIN

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public static Stream OpenOutput() => OperatingSystem.IsWindows() ? Console.OpenStandardOutput() : new StandardStream(Output);

    public static Stream OpenErrors() => OperatingSystem.IsWindows() ? Console.OpenStandardError() : new StandardStream(Errors);

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        var written = 0;
        Write(buffer, ref written);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <summary>Writes from <paramref name="written"/> on, which says how far it has got, after a failure too.</summary>
    public void Write(ReadOnlySpan<byte> block, ref int written)
    {
        while (written < block.Length)
        {
            var piece = PieceOf(block[written..]);
            var count = WriteSome(descriptor, ref MemoryMarshal.GetReference(piece), piece.Length);
            if (count >= 0)
            {
                written += (int)count;
                continue;
            }

            var error = Marshal.GetLastPInvokeError();
            if (error == WouldWait) WaitUntilTaken();
            else if (error != Interrupted) throw new IOException(Marshal.GetPInvokeErrorMessage(error));
        }
    }

    public override void Flush()
    {
        // nothing is kept here
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Whole lines, as many as go into a pipe at once; a part of one that is longer.</summary>
    private static ReadOnlySpan<byte> PieceOf(ReadOnlySpan<byte> rest)
    {
        if (rest.Length <= Piece) return rest;
        var lines = rest[..Piece].LastIndexOf((byte)'\n') + 1;
        return rest[..(lines > 0 ? lines : Piece)];
    }

    /// <summary>Somebody else has set it not to wait (O_NONBLOCK is the open file's, not the process's): so the wait is here.</summary>
    private void WaitUntilTaken()
    {
        var wanted = new Polled { Descriptor = descriptor, Wanted = Writable };
        _ = Poll(ref wanted, 1, Forever); // whatever it says, the next attempt to write says it better
    }

    [DllImport("libc", EntryPoint = "write", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern nint WriteSome(int descriptor, ref byte first, nint count);

    [DllImport("libc", EntryPoint = "poll", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int Poll(ref Polled descriptors, nuint count, int milliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct Polled
    {
        public int Descriptor;
        public short Wanted;
        public short Happened;
    }
}

namespace Gatehouse.Pipeline;

/// <summary>Who reads along while an answer's body goes to the client.</summary>
internal abstract class AnswerReader
{
    /// <summary>Sees the next bytes, before they are sent. It keeps none of them, and never throws.</summary>
    public abstract void Read(ReadOnlySpan<byte> bytes);
}

namespace Gatehouse.Configuration;

/// <summary>Where something stands in a declaration: a file as it was named, a line and a column, both counted from 1.</summary>
internal readonly record struct Place(string File, int Line, int Column)
{
    public override string ToString() => $"{Show.OnOneLine(File)}:{Line}:{Column}";
}

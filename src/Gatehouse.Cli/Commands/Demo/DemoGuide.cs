using Gatehouse.Cli.Commands.Output;
using Spectre.Console;

namespace Gatehouse.Cli.Commands.Demo;

/// <summary>Prints where the demo is and which calls to try, ready to be copied.</summary>
internal static class DemoGuide
{
    public static void Print(DemoSite site, IReadOnlyList<DemoCall> calls, TextWriter output)
    {
        var terminal = Terminal.For(output);
        output.WriteLine(
            $"""

            A retailer's front door, on this machine only.

              edge            {site.Doors.Edge}   public routes
              inside          {site.Doors.Inside}   public and internal routes
              partners        {site.Doors.Partners}   partner routes
              desk            {site.Doors.Desk}   administrative routes
              administration  {site.Doors.Administration}   the gateway's own: health and metrics
              declaration     {site.Declaration}   change it while this runs
              access log      {Path.Combine(Path.GetDirectoryName(site.Declaration)!, "access.log")}
            """);
        foreach (var group in calls.GroupBy(c => c.Group))
        {
            output.WriteLine();
            Write(terminal, output, group.Key, new Style(decoration: Decoration.Bold));
            output.WriteLine();
            foreach (var call in group)
            {
                Write(terminal, output, $"  {call.Shows}: {call.Expected}", new Style(Color.Green));
                output.WriteLine();
                output.WriteLine($"    {call.ToCurl()}"); // never wrapped: it is there to be copied
            }
        }

        output.WriteLine();
        output.WriteLine("Who may reach what, from the declaration that is enforced:");
        output.WriteLine($"    gatehouse inventory -c '{site.Declaration}'");
        output.WriteLine();
        output.WriteLine("Ctrl-C drains and stops. The same calls, made and compared: gatehouse demo --check");
        output.Flush();
    }

    private static void Write(IAnsiConsole? terminal, TextWriter output, string text, Style style)
    {
        if (terminal is null) output.Write(text);
        else terminal.Write(new Text(text, style));
    }
}

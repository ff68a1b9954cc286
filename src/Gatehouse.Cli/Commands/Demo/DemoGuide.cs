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
              partners        {site.Doors.Partners}   partner routes, for who has a certificate
              desk            {site.Doors.Desk}   administrative routes
              issuer          {site.Doors.Issuer}   the demo's own, where tokens come from
              administration  {site.Doors.Administration}   the gateway's own: health and metrics
              declaration     {site.Declaration}   change it while this runs
            """);
        output.WriteLine();
        output.WriteLine("In another terminal, and then the calls below as they stand:");
        output.WriteLine($"    cd {DemoCall.Word(site.Folder)}");
        if (DemoProgram.InShell() is var program && program != DemoProgram.Name)
            output.WriteLine($"    alias {DemoProgram.Name}={DemoCall.Word(program)}");
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
        output.WriteLine("Tokens for other people: every customer by number, and of the staff anna (care), paula (privacy) and ben (warehouse):");
        output.WriteLine("    gatehouse demo token --help");
        output.WriteLine();
        output.WriteLine("Who refused, and why; a line with 'destination' and no 'problem' is a service's own answer:");
        output.WriteLine("    tail -f access.log services.log");
        output.WriteLine();
        output.WriteLine("What has to be accounted for, as it happens; and what nobody knows the end of:");
        output.WriteLine("    gatehouse audit tail demo.audit.db");
        output.WriteLine("    gatehouse audit open");
        output.WriteLine();
        output.WriteLine("Who may reach what, from the declaration that is enforced:");
        output.WriteLine("    gatehouse inventory");
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

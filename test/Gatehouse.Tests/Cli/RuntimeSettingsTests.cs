using Gatehouse.Cli;

namespace Gatehouse.Tests.Cli;

public sealed class RuntimeSettingsTests
{
    [Fact]
    public void Sockets_complete_inline_unless_the_environment_says_otherwise()
    {
        Assert.Equal("1", Apply([])[RuntimeSettings.InlineCompletions]);
        Assert.Equal("0", Apply(new() { [RuntimeSettings.InlineCompletions] = "0" })[RuntimeSettings.InlineCompletions]);
    }

    [Theory]
    [InlineData("off")]
    [InlineData("OFF")]
    public void The_switch_leaves_everything_alone(string off) =>
        Assert.DoesNotContain(RuntimeSettings.InlineCompletions, Apply(new() { [RuntimeSettings.Switch] = off }).Keys);

    private static Dictionary<string, string> Apply(Dictionary<string, string> environment)
    {
        environment[RuntimeSettings.SpinLimit] = "70"; // keeps this process's own setting as it is
        RuntimeSettings.Apply(environment.GetValueOrDefault, (name, value) => environment[name] = value);
        return environment;
    }
}

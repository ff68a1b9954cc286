using Gatehouse.Cli;
using Gatehouse.Cli.Commands.Demo;

namespace Gatehouse.Tests.Cli.Demo;

public sealed class DemoTokenCommandTests
{
    [Theory]
    [InlineData("did you mean 'web-shop'?", "--client", "web-shp", "--person", "customer-17")]
    [InlineData("known: contact-centre, mobile-app, newsletter, privacy-office, web-shop", "--client", "warehouse-robots")]
    [InlineData("stock-sync takes no token", "--client", "stock-sync")]
    [InlineData("web-shop speaks for customers, and 'anna' is none of them: customer-17", "--client", "web-shop", "--person", "anna")]
    [InlineData("'customer-' is none of them", "--client", "web-shop", "--person", "customer-")]
    [InlineData("'customer-1x' is none of them", "--client", "web-shop", "--person", "customer-1x")]
    [InlineData("contact-centre speaks for staff, and 'customer-17' is none of them: anna", "--client", "contact-centre", "--person", "customer-17")]
    [InlineData("is not where a demo could be", "--client", "web-shop", "--issuer", "https://id.shop.example")]
    [InlineData("--client", "--person", "anna")]
    public async Task Says_which_names_it_knows(string says, params string[] arguments)
    {
        var run = await Runs.Async(DemoTokenCommand.Create(), ["token", .. arguments]);

        Assert.Contains(says, run.Error, StringComparison.Ordinal);
        Assert.Equal((ExitCode.WrongUse, ""), (run.ExitCode, run.Output));
    }

    [Fact]
    public async Task Says_when_no_demo_answers()
    {
        var run = await Runs.Async(DemoTokenCommand.Create(), "token", "--client", "web-shop", "--issuer", "http://127.0.0.1:1");

        Assert.Equal("No demo answers at http://127.0.0.1:1: start one with 'gatehouse demo', or pass --issuer where it printed another address.",
            run.Error.TrimEnd());
        Assert.Equal((ExitCode.Failed, ""), (run.ExitCode, run.Output));
    }
}

using System.Globalization;
using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Contracts;

namespace Gatehouse.Tests.Configuration;

public sealed class FindingsTests
{
    private readonly Findings _findings = new();

    [Fact]
    public void Warnings_that_come_first_leave_room_for_errors()
    {
        for (var line = 1; line <= Findings.Limit + 5; line++) Warn(line);
        _findings.Add(Rules.UnknownKey, At(7), "wrong");

        Assert.Single(_findings.InOrder(), f => f.IsError);
        Assert.Equal((Findings.Limit + 1, 5, false), (_findings.InOrder().Count, _findings.LeftOut, _findings.IsFull));
    }

    [Fact]
    public void Errors_that_come_first_leave_room_for_warnings()
    {
        for (var line = 1; line <= Findings.Limit + 5; line++) _findings.Add(Rules.UnknownKey, At(line), "wrong");
        Warn(7);

        Assert.Single(_findings.InOrder(), f => !f.IsError);
        Assert.Equal((Findings.Limit + 1, 5, true), (_findings.InOrder().Count, _findings.LeftOut, _findings.IsFull));
    }

    [Fact]
    public void What_is_said_again_for_each_route_is_left_out_once()
    {
        for (var round = 0; round < 3; round++)
            for (var line = 1; line <= Findings.Limit + 5; line++)
                _findings.Add(Rules.UnknownKey, At(line), "wrong", _findings.IsFull ? null : "mend it");

        Assert.Equal((Findings.Limit, 5), (_findings.InOrder().Count, _findings.LeftOut));
    }

    [Fact]
    public void What_is_left_out_of_a_contract_is_left_out_of_the_reading()
    {
        var text = new StringBuilder("openapi: 3.1.0\npaths:\n");
        for (var i = 0; i < Findings.Limit + 5; i++) text.Append(CultureInfo.InvariantCulture, $"  p{i}: {{}}\n");

        Assert.Null(ContractReader.Read("c.yaml", Encoding.UTF8.GetBytes(text.ToString()), _findings));

        Assert.Equal((Findings.Limit, 5), (_findings.InOrder().Count, _findings.LeftOut));
    }

    private void Warn(int line) => _findings.Add(Rules.OpenNetwork.Lesser(), At(line), "wide");

    private static Place At(int line) => new("gatehouse.yaml", line, 1);
}

using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using Gatehouse.Configuration;

namespace Gatehouse.Tests.Tidy;

/// <summary>
/// The walls between the rooms of the product, as docs/architecture.md draws them. Read from the compiled code, so that no way of writing a
/// name gets around them.
/// </summary>
public sealed class WallsTests
{
    private static readonly Architecture Product = new ArchLoader().LoadAssembly(typeof(Place).Assembly).Build();

    /// <summary>A room and the rooms that it may use.</summary>
    private static readonly Dictionary<string, string[]> Walls = new()
    {
        ["Configuration"] = [],
        ["Telemetry"] = [],
        ["Consumers"] = ["Configuration"],
        ["Tokens"] = ["Configuration", "Telemetry", "Consumers"],
        ["Assertions"] = ["Configuration"],
        ["Services"] = ["Configuration"],
        ["Ledger"] = ["Configuration", "Telemetry"],
        ["Stores"] = ["Configuration", "Telemetry"],
        ["Register"] = ["Configuration", "Telemetry", "Stores"],
        ["Audit"] = ["Configuration", "Telemetry", "Stores"],
        ["Routes"] = ["Configuration", "Consumers"],
        ["Contracts"] = ["Configuration", "Routes"],
        ["Certificates"] = ["Consumers", "Routes"],
        ["Pipeline"] = ["Configuration", "Consumers", "Tokens", "Assertions", "Services", "Audit", "Stores", "Register", "Routes", "Telemetry"],
        ["Upstreams"] = ["Configuration", "Routes", "Pipeline", "Telemetry"],
        ["Policies"] =
        [
            "Configuration", "Consumers", "Tokens", "Assertions", "Services", "Ledger", "Audit", "Stores", "Register", "Routes", "Pipeline",
            "Telemetry",
        ],
        ["Declaration"] =
        [
            "Configuration", "Telemetry", "Consumers", "Tokens", "Assertions", "Services", "Audit", "Stores", "Register", "Routes",
            "Contracts", "Certificates", "Pipeline", "Upstreams",
        ],
        ["Runtime"] =
        [
            "Configuration", "Telemetry", "Tokens", "Audit", "Stores", "Register", "Routes", "Certificates", "Pipeline", "Upstreams", "Policies",
            "Declaration",
        ],
        ["Inventory"] = ["Configuration", "Consumers", "Routes", "Pipeline", "Upstreams", "Policies", "Declaration", "Runtime"],
        ["Admin"] = ["Telemetry", "Register", "Routes", "Pipeline", "Declaration", "Runtime"],
        ["Hosting"] =
        [
            "Configuration", "Telemetry", "Consumers", "Assertions", "Audit", "Register", "Routes", "Certificates", "Pipeline", "Policies",
            "Declaration", "Runtime", "Admin",
        ],
    };

    /// <summary>Libraries that belong to some rooms only.</summary>
    private static readonly Dictionary<string, string[]> Libraries = new()
    {
        ["Yarp."] = ["Upstreams"],
        ["YamlDotNet."] = ["Configuration"],
        ["Microsoft.OpenApi."] = ["Contracts"],
        ["Microsoft.IdentityModel."] = ["Tokens"],
        ["StackExchange.Redis."] = ["Stores"],
        ["Npgsql."] = ["Stores", "Register", "Audit"],
        ["Microsoft.Data.Sqlite."] = ["Ledger", "Audit", "Register"],
        ["SQLitePCL."] = ["Audit"],
        ["OpenTelemetry."] = ["Admin"],
        ["Microsoft.AspNetCore."] = ["Pipeline", "Upstreams", "Policies", "Runtime", "Admin", "Hosting"],
    };

    [Fact]
    public void Rooms_use_only_the_rooms_below_them()
    {
        var broken = Dependencies()
            .Where(d => RoomOf(d.To) is { } room && room != RoomOf(d.From) && !Walls[RoomOf(d.From)!].Contains(room))
            .Select(d => $"{d.From} uses {d.To}");
        Assert.Empty(broken.Distinct());
    }

    [Fact]
    public void No_wall_has_a_door_that_nobody_uses()
    {
        var used = Dependencies().Select(d => (From: RoomOf(d.From)!, To: RoomOf(d.To))).ToHashSet();
        var doors = from wall in Walls from to in wall.Value where !used.Contains((wall.Key, to)) select $"{wall.Key} need not use {to}";
        Assert.Empty(doors);
        var libraries = Dependencies().Select(d => (Room: RoomOf(d.From)!, Library: Libraries.Keys.FirstOrDefault(d.To.StartsWith))).ToHashSet();
        var keys = from library in Libraries
                   from room in library.Value
                   where !libraries.Contains((room, library.Key))
                   select $"{room} need not use {library.Key}";
        Assert.Empty(keys);
    }

    [Fact]
    public void The_walls_are_drawn_as_they_stand()
    {
        var drawn = from line in SourceTree.Read(Path.Combine("docs", "architecture.md")).Split('\n')
                    let cells = line.Split('|', StringSplitOptions.TrimEntries)
                    where cells is [_, ['`', ..], _, _, _]
                    select $"{cells[1].Trim('`')}: {cells[3]}";
        Assert.Equal(Walls.Select(w => $"{w.Key}: {string.Join(", ", w.Value)}"), drawn);
    }

    [Fact]
    public void No_policy_knows_another_policy()
    {
        var broken = Dependencies()
            .Where(d => PolicyOf(d.From) is { } from && PolicyOf(d.To) is { } to && from != to)
            .Select(d => $"{d.From} uses {d.To}");
        Assert.Empty(broken.Distinct());
    }

    [Fact]
    public void Libraries_stay_in_their_rooms()
    {
        var broken = Dependencies()
            .Where(d => Libraries.Any(l => d.To.StartsWith(l.Key, StringComparison.Ordinal) && !l.Value.Contains(RoomOf(d.From))))
            .Select(d => $"{d.From} uses {d.To}");
        Assert.Empty(broken.Distinct());
    }

    [Fact]
    public void Every_type_lives_in_a_room_of_the_plan()
    {
        var homeless = Product.Types.Select(t => t.FullName).Where(n => n.StartsWith("Gatehouse.", StringComparison.Ordinal) && RoomOf(n) is null);
        Assert.Empty(homeless);
    }

    [Fact]
    public void The_walls_are_looked_at() // a loader that finds nothing would make every test above pass
        => Assert.Contains(
            Dependencies(),
            d => d.From.EndsWith("YamlReader", StringComparison.Ordinal) && d.To.StartsWith("YamlDotNet.", StringComparison.Ordinal));

    private static IEnumerable<(string From, string To)> Dependencies() =>
        from type in Product.Types
        where RoomOf(type.FullName) is not null
        from dependency in type.Dependencies
        select (type.FullName, dependency.Target.FullName);

    private static string? RoomOf(string type)
    {
        var parts = type.Split('.', 3);
        return parts is ["Gatehouse", var room, _] && Walls.ContainsKey(room) ? room : null;
    }

    private static string? PolicyOf(string type) => type.Split('.') is ["Gatehouse", "Policies", var name, ..] ? name : null;
}

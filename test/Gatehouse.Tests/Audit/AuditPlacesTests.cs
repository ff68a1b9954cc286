using Gatehouse.Audit;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Audit;

/// <summary>Which chain of several equal ones an instance writes to.</summary>
public sealed class AuditPlacesTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly HashSet<string> _held = [];
    private readonly AuditPlaces _places;

    public AuditPlacesTests() => _places = new AuditPlaces(_clock);

    [Fact]
    public void The_first_place_that_nobody_holds_is_taken()
    {
        _held.UnionWith(["edge-1", "edge-2", "edge-4"]);
        Assert.Equal("edge-3", Take());
    }

    [Fact]
    public void A_place_is_kept_when_one_before_it_is_free_again()
    {
        _held.Add("edge-1");
        Assert.Equal("edge-2", Take());
        _held.Clear();
        Assert.Equal("edge-2", Take());
    }

    [Fact]
    public void A_lost_connection_is_waited_for_and_somebody_else_is_not()
    {
        Assert.Equal("edge-1", Take());
        _held.Add("edge-1"); // by the connection that is dead, as far as the server knows
        Assert.Throws<AuditStoreTakenException>(() => Take());
        _clock.Advance(TimeSpan.FromSeconds(59));
        Assert.Throws<AuditStoreTakenException>(() => Take());
        _held.Clear();
        Assert.Equal("edge-1", Take());

        _held.Add("edge-1");
        Assert.Throws<AuditStoreTakenException>(() => Take());
        _clock.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("edge-2", Take()); // it was not the connection
    }

    [Fact]
    public void There_is_an_end_to_places()
    {
        var asked = 0;
        Assert.Throws<AuditStoreTakenException>(() => _places.Take("edge", _ =>
        {
            asked++;
            return false;
        }));
        Assert.Equal(256, asked);
    }

    private string Take() => _places.Take("edge", name => !_held.Contains(name));
}

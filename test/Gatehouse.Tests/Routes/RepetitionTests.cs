using Gatehouse.Routes;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Routes;

public sealed class RepetitionTests
{
    [Control("RES-3", "which calls are sent again")]
    [Fact]
    public void Only_what_does_no_harm_twice_is_sent_again()
    {
        var keyed = new RouteRetries(IsOff: false, "Idempotency-Key");
        var off = new RouteRetries(IsOff: true, null);
        foreach (var method in (string[])["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "POST", "PATCH", "REPORT"])
        {
            var repeatable = method is not ("POST" or "PATCH" or "REPORT");
            Assert.Equal(Repetition.Always, RouteRetries.Usual.For(Effect.Read, method));
            Assert.Equal(repeatable ? Repetition.Always : Repetition.Never, RouteRetries.Usual.For(Effect.Write, method));
            Assert.Equal(Repetition.Never, RouteRetries.Usual.For(Effect.Action, method));
            Assert.Equal(repeatable ? Repetition.Always : Repetition.WithKey, keyed.For(Effect.Write, method));
            Assert.Equal(Repetition.WithKey, keyed.For(Effect.Action, method));
            Assert.All(Enum.GetValues<Effect>(), effect => Assert.Equal(Repetition.Never, off.For(effect, method)));
        }
    }
}

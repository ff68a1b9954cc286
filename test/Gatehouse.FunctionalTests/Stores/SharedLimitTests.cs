using System.Diagnostics;
using System.Net;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Stores;

/// <summary>Limits that several instances count together, with a real store.</summary>
public sealed class SharedLimitTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("RTE-1", "several instances")]
    [Control("RTE-5", "the total")]
    public async Task Allows_exactly_what_is_written_whichever_instance_is_called()
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        await using var instances = await Instances.StartAsync(3, "[ { per: all, allow: 60, every: 1h, shared: exact } ]", redis.Address, Cancel);
        var since = Stopwatch.GetTimestamp();
        var passed = await instances.PassAsync(60, Cancel);
        Assert.InRange(passed, 60, 60 + (int)(Stopwatch.GetElapsedTime(since) / TimeSpan.FromMinutes(1)));
        Assert.Equal(passed, instances.Reached);

        using var refused = await instances.GetAsync(1, Cancel);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal("application/problem+json", refused.Content.Headers.ContentType?.MediaType);
        Assert.Equal("\"all\";q=60;w=3600", refused.Headers.GetValues("RateLimit-Policy").Single());
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
    }

    [Fact]
    [Control("RTE-5", "the total, with leases")]
    public async Task Allows_no_more_than_is_written_from_leases_and_loses_no_more_than_they_hold()
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        await using var instances = await Instances.StartAsync(3, "[ { per: all, allow: 600, every: 1h } ]", redis.Address, Cancel);
        var since = Stopwatch.GetTimestamp();
        var passed = await instances.PassAsync(400, Cancel);
        Assert.InRange(passed, 600 - 60, 600 + (int)(Stopwatch.GetElapsedTime(since) / TimeSpan.FromSeconds(6)));
        Assert.Equal(passed, instances.Reached);
    }

    [Fact]
    [Control("RTE-5", "what leases add at most")]
    public async Task Adds_to_a_whole_window_no_more_than_a_tenth_that_was_leased_before()
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        await using var instances = await Instances.StartAsync(3, "[ { per: all, allow: 300, every: 10s } ]", redis.Address, Cancel);
        for (var i = 0; i < 3; i++) Assert.Equal(1, await instances.PassAsync(i, 1, Cancel)); // each holds a lease from now on
        await Eventually.HoldsAsync(async () => (await redis.CommandAsync(Cancel, "DBSIZE")).StartsWith(":0", StringComparison.Ordinal), Cancel);
        var since = Stopwatch.GetTimestamp();
        var passed = await instances.PassAsync(200, Cancel);
        var cameBack = (int)(300 * Stopwatch.GetElapsedTime(since) / TimeSpan.FromSeconds(10)) + 1;
        Assert.InRange(passed, 270, 300 + 30 + cameBack);
    }

    [Fact]
    public async Task Answers_the_usual_call_without_asking_the_store()
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        await using var instances = await Instances.StartAsync(1, "[ { per: all, allow: 10000, every: 1h } ]", redis.Address, Cancel);
        Assert.Equal(500, await instances.PassAsync(0, 500, Cancel));
        Assert.InRange(await instances.MetricAsync(0, "gatehouse_stores_questions_total", "answered", Cancel), 1, 20);
    }

    [Fact]
    public async Task Charges_nothing_where_another_limit_refuses()
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        const string Limits = "[ { per: route, allow: 50, every: 1h, shared: exact }, { per: all, allow: 5, every: 1h, shared: exact } ]";
        await using var instances = await Instances.StartAsync(2, Limits, redis.Address, Cancel);
        Assert.Equal(5, await instances.PassAsync(30, Cancel));
        var yaml = Instances.Yaml(
            new Uri("http://127.0.0.1:9"), "[ { per: route, allow: 50, every: 1h, shared: exact } ]", redis.Address, Instances.Patient, 2);
        await instances.Gateways[0].ReloadAsync(yaml, Cancel);
        using var answer = await instances.GetAsync(0, Cancel);
        Assert.StartsWith("\"route\";r=44;", answer.Headers.GetValues("RateLimit").Single(), StringComparison.Ordinal); // five before, and this one
    }

    [Fact]
    public async Task Asks_once_for_all_limits_of_a_route()
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        const string Limits = "[ { per: route, allow: 50, every: 1h, shared: exact }, { per: all, allow: 50, every: 1h, shared: exact }, { per: address, allow: 50, every: 1h, shared: exact } ]";
        await using var instances = await Instances.StartAsync(1, Limits, redis.Address, Cancel);
        Assert.Equal(10, await instances.PassAsync(0, 10, Cancel));
        await instances.MetricBecomesAsync(0, "gatehouse_stores_questions_total", "answered", 11, Cancel); // the first was the trial that found it
    }

    [Fact]
    [Control("RTE-11", "in the store")]
    public async Task Writes_nothing_into_the_store_that_says_who_calls_and_nothing_that_stays()
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        await using var instances = await Instances.StartAsync(1, "[ { per: address, allow: 50, every: 1m }, { per: all, allow: 50, every: 1m } ]", redis.Address, Cancel);
        await instances.PassAsync(0, 5, Cancel);
        var keys = (await redis.CommandAsync(Cancel, "KEYS", "*")).Split("\r\n")
            .Where(l => l.Contains("gatehouse", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, keys.Count);
        Assert.All(keys, key => Assert.Matches("^\\{gatehouse:front/test\\}:[A-Za-z0-9_-]{22}$", key));
        foreach (var key in keys)
        {
            var life = (await redis.CommandAsync(Cancel, "PTTL", key)).Split("\r\n")[0];
            Assert.InRange(int.Parse(life.TrimStart(':'), System.Globalization.CultureInfo.InvariantCulture), 1, 60_000);
        }
    }

    [Fact]
    public async Task Gives_the_script_to_a_server_that_has_lost_it()
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        await using var instances = await Instances.StartAsync(1, "[ { per: all, allow: 50, every: 1h, shared: exact } ]", redis.Address, Cancel);
        Assert.Equal(5, await instances.PassAsync(0, 5, Cancel));
        await redis.CommandAsync(Cancel, "SCRIPT", "FLUSH");
        Assert.Equal(45, await instances.PassAsync(0, 60, Cancel));
        Assert.Equal(0, await instances.MetricAsync(0, "gatehouse_limits_alone_total", "", Cancel));
    }

    [Fact]
    [Control("SEC-1", "the store's password")]
    public async Task Uses_the_password_that_a_file_holds()
    {
        await using var redis = await RedisServer.StartAsync(Cancel, "--requirepass", "a-password-of-a-test");
        var files = new Dictionary<string, string> { ["redis.password"] = "a-password-of-a-test\n" };
        await using var instances = await Instances.StartAsync(1, "[ { per: all, allow: 5, every: 1h } ]", redis.Address, Cancel,
            Instances.Patient + ", password: \"file:redis.password\"", files: files);
        Assert.Equal(5, await instances.PassAsync(0, 20, Cancel));
        Assert.DoesNotContain("a-password", instances.Gateways[0].Events, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Speaks_TLS_with_a_server_that_its_authority_vouches_for()
    {
        using var certificates = new TestCertificates();
        var server = certificates.Issue("127.0.0.1");
        await using var redis = await RedisServer.StartAsync(Cancel, "--port", "0", "--tls-port", "PORT", "--tls-auth-clients", "no",
            "--tls-cert-file", server.CertificateFile, "--tls-key-file", server.KeyFile, "--tls-ca-cert-file", certificates.AuthorityFile);
        var files = new Dictionary<string, string> { ["ca.pem"] = certificates.AuthorityPem };
        await using var instances = await Instances.StartAsync(1, "[ { per: all, allow: 5, every: 1h } ]", redis.Address, Cancel,
            Instances.Patient + ", tls: true, authorities: ca.pem", files: files);
        Assert.Equal(5, await instances.PassAsync(0, 20, Cancel));
        Assert.Equal(0, await instances.MetricAsync(0, "gatehouse_limits_alone_total", "", Cancel));
    }
}

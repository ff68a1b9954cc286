using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Body;
using Gatehouse.Routes;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace Gatehouse.Tests.Policies.Body;

public sealed class BodyPolicyTests
{
    private readonly PolicyHarness _harness = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A body that arrives in pieces and may break off.</summary>
    private sealed class Arriving(byte[] bytes, int piece, Exception? end = null) : MemoryStream(bytes)
    {
        public int Reads { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Reads++;
            if (Position == Length && end is not null) throw end;
            return base.ReadAsync(buffer[..Math.Min(buffer.Length, piece)], cancellationToken);
        }
    }

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        for (var i = 0; i < length; i++) bytes[i] = (byte)(i * 31 >> 3);
        return bytes;
    }

    private Exchange Request(Stream body, long? announced = null, string method = "POST")
    {
        var exchange = _harness.Exchange(method);
        exchange.Http.Request.Body = body;
        if (announced is { } length) exchange.Http.Request.ContentLength = length;
        else exchange.RequestHeaders.TransferEncoding = "chunked";
        return exchange;
    }

    private Policy Compile(string fragment, Effect effect = Effect.Write) => _harness.Compile(new BodyKind(), fragment, effect)!;

    private static async Task<byte[]> ForwardAsync(Exchange exchange)
    {
        var sent = new MemoryStream();
        await exchange.Http.Request.Body.CopyToAsync(sent, Cancellation);
        return sent.ToArray();
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(1, false)]
    [InlineData(65_535, false)]
    [InlineData(65_536, true)]
    [InlineData(65_536, false)]
    [InlineData(200_000, true)]
    [InlineData(200_000, false)]
    [InlineData(1_048_576, false)]
    public async Task Reads_a_changing_call_whole_and_forwards_it_with_its_length(int length, bool announced)
    {
        var bytes = Bytes(length);
        var policy = Compile("{}");
        var exchange = Request(new Arriving(bytes, 7000), announced ? length : null);
        Assert.Equal(VerdictKind.Continue, (await policy.OnRequestAsync(exchange)).Kind);
        Assert.Equal(length, exchange.RequestHeaders.ContentLength);
        Assert.False(exchange.RequestHeaders.ContainsKey("Transfer-Encoding"));
        Assert.Equal(bytes, await ForwardAsync(exchange));
        Assert.Equal((long)length, exchange.RequestBytes);
        if (length == 0 && announced) return; // no body at all: nothing was done
        Assert.True(exchange.RequestBodyRead);
        exchange.WholeBody!.Position = 0;
        Assert.Equal(bytes, await ForwardAsync(exchange)); // it can be read again
        policy.OnFinished(exchange);
        Assert.False(exchange.WholeBody!.CanRead);
    }

    [Fact]
    [Control("LIM-2")]
    public async Task Refuses_an_announced_length_over_the_limit_without_reading()
    {
        var body = new Arriving(Bytes(20), 5);
        Assert.Same(Problems.BodyTooLarge, (await Compile("body: { max: 10B }").OnRequestAsync(Request(body, 11))).Problem);
        Assert.Equal(0, body.Reads);
    }

    [Theory]
    [Control("LIM-2")]
    [InlineData(10, false)]
    [InlineData(11, true)]
    [InlineData(1000, true)]
    public async Task Counts_a_body_of_unknown_length(int length, bool refused)
    {
        var verdict = await Compile("body: { max: 10B }").OnRequestAsync(Request(new Arriving(Bytes(length), 3)));
        Assert.Equal(refused ? Problems.BodyTooLarge : null, verdict.Problem);
    }

    public static TheoryData<string, int> Breaks => new()
    {
        { "bad chunk", 400 },
        { "too slow", 408 },
        { "too large for the server", 413 },
    };

    private static BadHttpRequestException Break(string how) => how switch
    {
        "bad chunk" => new BadHttpRequestException("bad chunk", 400),
        "too slow" => new BadHttpRequestException("slow", 408),
        _ => new BadHttpRequestException("large", 413),
    };

    [Theory]
    [MemberData(nameof(Breaks))]
    public async Task Refuses_a_changing_call_whose_body_breaks_off(string how, int status)
    {
        var exchange = Request(new Arriving(Bytes(100_000), 9000, Break(how)));
        Assert.Equal(status, (await Compile("{}").OnRequestAsync(exchange)).Problem!.Status);
        Assert.False(exchange.RequestBodyRead);
        Assert.Null(exchange.WholeBody);
    }

    [Fact]
    [Control("RES-6", "a client that leaves while it sends")]
    public async Task Ends_a_changing_call_whose_client_takes_it_back()
    {
        var exchange = Request(new Arriving(Bytes(100_000), 9000, new IOException("reset")));
        exchange.Http.Request.Protocol = "HTTP/2";
        var verdict = await Compile("{}").OnRequestAsync(exchange);
        Assert.Equal((VerdictKind.Answered, "client left"), (verdict.Kind, exchange.Reason));
        Assert.Null(exchange.WholeBody);
    }

    [Theory]
    [MemberData(nameof(Breaks))]
    public async Task Leaves_word_why_a_streamed_body_broke_off(string how, int status)
    {
        var exchange = Request(new Arriving(Bytes(100), 30, Break(how)));
        Assert.Null((await Compile("body: { stream: true, reason: large files }").OnRequestAsync(exchange)).Problem);
        await Assert.ThrowsAnyAsync<Exception>(() => ForwardAsync(exchange));
        Assert.Equal(status, exchange.BodyProblem!.Status);
        Assert.Equal(100, exchange.RequestBytes);
    }

    [Theory]
    [InlineData("{}", nameof(Effect.Read))]
    [InlineData("body: { stream: true, reason: large files }", nameof(Effect.Action))]
    public async Task Streams_reads_and_what_a_route_streams_with_a_reason(string fragment, string effect)
    {
        var body = new Arriving(Bytes(300), 100);
        var exchange = Request(body, 300);
        await Compile(fragment, Enum.Parse<Effect>(effect)).OnRequestAsync(exchange);
        Assert.Equal(0, body.Reads);
        Assert.Equal(Bytes(300), await ForwardAsync(exchange));
        Assert.Equal((300, true), (exchange.RequestBytes, exchange.RequestBodyRead));
    }

    [Fact]
    [Control("LIM-2")]
    public async Task Cuts_a_streamed_body_that_grows_over_the_limit()
    {
        var exchange = Request(new Arriving(Bytes(100), 30));
        await Compile("body: { max: 50B, stream: true, reason: large files }").OnRequestAsync(exchange);
        await Assert.ThrowsAsync<BodyTooLargeException>(() => ForwardAsync(exchange));
        Assert.Same(Problems.BodyTooLarge, exchange.BodyProblem);
    }

    [Fact]
    public async Task Does_nothing_where_there_is_no_body()
    {
        var exchange = _harness.Exchange();
        var body = exchange.Http.Request.Body;
        Assert.Equal(VerdictKind.Continue, (await Compile("{}").OnRequestAsync(exchange)).Kind);
        Assert.Same(body, exchange.Http.Request.Body);
        Assert.Equal(0, await exchange.Http.Request.Body.ReadAsync(new byte[1], Cancellation));
    }

    [Theory]
    [InlineData(100_000, 100_001)]
    [InlineData(0, 0)] // over HTTP/2 its end is to come yet
    [Control("LIM-6", "a whole body that stops coming")]
    public async Task A_whole_body_has_to_come_within_the_deadline_however_fast_it_began(int bytes, long announced)
    {
        var exchange = Request(new Stalling(Bytes(bytes)), announced);
        exchange.Http.Features.Set<IHttpRequestBodyDetectionFeature>(new Expected());
        exchange.Route = _harness.Route(effect: Effect.Write);
        var deciding = Compile("{}").OnRequestAsync(exchange).AsTask();
        _harness.Clock.Advance(TimeSpan.FromSeconds(59));
        Assert.False(deciding.IsCompleted);
        _harness.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Same(Problems.RequestTimeout, (await deciding.WaitAsync(Patience.Limit, Cancellation)).Problem);
    }

    private sealed class Expected : IHttpRequestBodyDetectionFeature
    {
        public bool CanHaveBody => true;
    }

    /// <summary>Gives what it has at once, and then nothing.</summary>
    private sealed class Stalling(byte[] bytes) : MemoryStream(bytes)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Position == Length) await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            return await base.ReadAsync(buffer, cancellationToken);
        }
    }

    [Fact]
    public async Task Bounds_what_all_spooled_bodies_have_together_and_gives_it_back()
    {
        var spool = new Spool(800_000, Path.GetTempPath(), TimeProvider.System);
        var policy = new BodyPolicy(new BodyRules(1 << 20, Whole: true), spool, TimeProvider.System);
        var taken = new List<Exchange>();
        for (var i = 1; i <= 4; i++) Assert.Null(await SpoolAsync($"192.0.2.{i}", 190_000));
        Assert.Equal((760_000, 4), (spool.Used, spool.Addresses));
        Assert.Same(Problems.Overloaded, await SpoolAsync("192.0.2.5", 100_000));
        Assert.Equal((760_000, 4), (spool.Used, spool.Addresses));
        policy.OnFinished(taken[0]);
        policy.OnFinished(taken[0]);
        Assert.Equal((570_000, 3), (spool.Used, spool.Addresses));
        Assert.Same(Problems.Overloaded, await SpoolAsync("192.0.2.2", 100_000)); // there is room, but not for more of one
        Assert.Null(await SpoolAsync("192.0.2.5", 190_000));

        async Task<Problem?> SpoolAsync(string client, int length)
        {
            var exchange = Request(new Arriving(Bytes(length), 9000));
            exchange.Client = new ClientAddress(System.Net.IPAddress.Parse(client));
            taken.Add(exchange);
            return (await policy.OnRequestAsync(exchange)).Problem;
        }
    }

    [Fact]
    public async Task Refuses_large_bodies_as_overloaded_while_no_file_can_be_made_and_says_so_once()
    {
        using var folder = new TestFolder();
        var spool = new Spool(Spool.Most, folder.Of("bodies"), _harness.Clock, _harness.Context.Events);
        var policy = new BodyPolicy(new BodyRules(1 << 20, Whole: true), spool, _harness.Clock);
        for (var i = 0; i < 3; i++) Assert.Same(Problems.Overloaded, await DecideAsync(100_000));
        Assert.Null(await DecideAsync(60_000)); // which needs no file
        Assert.Equal(["cannot be written"], Told());
        Assert.Equal((0, 0), (spool.Used, spool.Addresses));

        Directory.CreateDirectory(folder.Of("bodies"));
        Assert.Null(await DecideAsync(100_000));
        Assert.Equal(["cannot be written"], Told()); // it may be so for one body and not for the next
        _harness.Clock.Advance(Spool.Calm);
        Assert.Null(await DecideAsync(100_000));
        Assert.Null(await DecideAsync(100_000));
        Assert.Equal(["cannot be written", "can be written"], Told());

        Directory.Delete(folder.Of("bodies"));
        Assert.Same(Problems.Overloaded, await DecideAsync(100_000));
        Assert.Equal(3, Told().Count());

        async Task<Problem?> DecideAsync(int length)
        {
            var exchange = Request(new Arriving(Bytes(length), 9000));
            var verdict = await policy.OnRequestAsync(exchange);
            policy.OnFinished(exchange);
            return verdict.Problem;
        }

        IEnumerable<string> Told() => _harness.Told.ToString().Split('\n').Where(l => l.Contains("large bodies", StringComparison.Ordinal))
            .Select(l => l.Contains("cannot be written", StringComparison.Ordinal) ? "cannot be written" : "can be written");
    }

    [Fact]
    public async Task What_a_client_does_is_not_taken_for_a_fault_of_the_spool()
    {
        var exchange = Request(new Arriving(Bytes(100_000), 9000, Break("bad chunk")));
        Assert.Same(Problems.MalformedRequest, (await Compile("{}").OnRequestAsync(exchange)).Problem);
        Assert.DoesNotContain("large bodies", _harness.Told.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Leaves_no_file_behind_while_a_body_is_spooled()
    {
        var directory = Directory.CreateTempSubdirectory("gatehouse-test-").FullName;
        try
        {
            using var file = new Spool(1000, directory, TimeProvider.System).Open();
            await file.WriteAsync(Encoding.UTF8.GetBytes("secret"), Cancellation);
            if (!OperatingSystem.IsWindows()) Assert.Empty(Directory.GetFiles(directory));
        }
        finally
        {
            Directory.Delete(directory);
        }
    }

    [Theory]
    [InlineData("body: { max: 10MiB }", false, null)]
    [InlineData("body: { max: 11MiB }", false, "GH1030 bodies of route orders/get-order may have 11MiB")]
    [InlineData("body: { max: 11MiB }", true, null)]
    [InlineData("body: { stream: true }", false, "GH1030 a body that is streamed needs a 'reason'")]
    [InlineData("body: { stream: true, reason: \"\" }", false, "GH2006 '' is not text of 1 to 500 characters")]
    [InlineData("body: { stream: true, reason: undecided }", false, "GH2009 'reason' is still to be decided")]
    [InlineData("body: { stream: true, reason: [large files] }", false, "GH2006")]
    [InlineData("body: { stream: false, reason: large files }", false, "GH2011 a 'reason' without 'stream: true' is a reason for nothing")]
    [InlineData("body: { reason: large files }", false, "GH2011 a 'reason' without 'stream: true' is a reason for nothing")]
    [InlineData("body: { stream: \"true\" }", false, "GH2006")]
    [InlineData("body: { max: 10 }", false, "GH2006 '10' is not a size")]
    [InlineData("body: { json: { depth: 8, nodes: 100, items: 10, string: 1KiB, name: 10B, digits: 20 } }", false, null)]
    [InlineData("body: { json: { depth: 0 } }", false, "GH2006 '0' is not a whole number from 1 to 1000")]
    [InlineData("body: { json: { width: 8 } }", false, "GH2004 unknown key 'width' in bounds of JSON")]
    [InlineData("body: { json: {}, stream: true, reason: r }", false, "GH2011 a body that is streamed cannot be looked through: 'json' would not hold")]
    [InlineData("body: { encodings: [gzip, br, deflate], expanded: 10MiB }", false, null)]
    [InlineData("body: { encodings: [gzip], expanded: 11MiB }", false, "GH1030 bodies of route orders/get-order may unpack to 11MiB")]
    [InlineData("body: { encodings: [gzip], expanded: 11MiB }", true, null)]
    [InlineData("body: { encodings: [gzip] }", false, "GH1030 'encodings' and 'expanded' go together")]
    [InlineData("body: { expanded: 1MiB }", false, "GH1030 'encodings' and 'expanded' go together")]
    [InlineData("body: { encodings: [zstd], expanded: 1MiB }", false, "GH2006 'zstd' is not one of gzip, br, deflate")]
    [InlineData("body: { encodings: [gzip], expanded: 1MiB, stream: true, reason: r }", false,
        "GH2011 a body that is streamed cannot be looked through: 'encodings' would not hold")]
    [InlineData("body: { size: 1MiB }", false, "GH2004 unknown key 'size' in a body")]
    public void Finds(string fragment, bool waived, string? finding)
    {
        var kind = new BodyKind();
        var place = new Place("test.yaml", 1, 1);
        IReadOnlyList<Waiver> waivers = waived ? [new Waiver("GH1030", "large files", "o", new DateOnly(2027, 1, 1), place)] : [];
        _harness.Route(kind, fragment, waivers: waivers);
        if (finding is null) Assert.Empty(_harness.Findings.InOrder());
        else Assert.Contains(finding, Assert.Single(_harness.Findings.InOrder()).ToString(), StringComparison.Ordinal);
    }
}

using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Gatehouse.Audit;
using Gatehouse.TestKit;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Tests.Audit;

/// <summary>
/// What stands in the file, computed again from its description in docs/guide/audit.md and by nothing of the product.
/// </summary>
public sealed class CanonicalFormTests : IDisposable
{
    private readonly TestTrail _trail = new();

    public void Dispose() => _trail.Dispose();

    [Fact]
    public void No_two_personal_values_have_the_same_salt()
    {
        var salts = new List<string>();
        for (var i = 0; i < 500; i++)
        {
            AboutEntry[] about = [.. Enumerable.Range(0, i % 20).Select(n => new AboutEntry("customer", "k1", $"{n}"))];
            var record = new AuditRecord
            {
                Kind = AuditKind.Intent,
                Time = DateTimeOffset.UnixEpoch,
                Person = "p",
                Client = IPAddress.Loopback,
                About = about,
            };
            var personal = JsonDocument.Parse(RecordWriter.Write(record).Personal.ToArray()).RootElement;
            salts.Add(personal.GetProperty("person")[0].GetString()!);
            salts.Add(personal.GetProperty("client")[0].GetString()!);
            if (about.Length > 0) salts.AddRange(personal.GetProperty("about").EnumerateArray().Select(a => a[0].GetString()!));
        }

        Assert.Distinct(salts);
        Assert.All(salts, s => Assert.Equal(2 * RecordWriter.SaltBytes, s.Length));
        Assert.DoesNotContain(new string('0', 2 * RecordWriter.SaltBytes), salts);
    }

    [Fact]
    [Control("AUD-1")]
    [Control("AUD-8")]
    public async Task Everything_that_is_in_the_file_can_be_computed_by_others()
    {
        await _trail.WriteAsync(25, o => o with { CheckpointEvery = 7 });
        using var file = new SqliteConnection($"Data Source={_trail.File};Mode=ReadOnly;Pooling=false");
        file.Open();

        var hashes = new List<byte[]>();
        var previous = new string('0', 64);
        using var records = Query(file, "SELECT sequence, hash, line, personal FROM records ORDER BY sequence");
        while (records.Read())
        {
            var line = (byte[])records[2];
            var hash = SHA256.HashData([0, .. line]);
            Assert.Equal((byte[])records[1], hash);
            var record = JsonDocument.Parse(line).RootElement;
            Assert.Equal(["v", "instance", "sequence", "previous", "time", "kind"], record.EnumerateObject().Select(p => p.Name).Take(6));
            Assert.Equal(records.GetInt64(0), record.GetProperty("sequence").GetInt64());
            Assert.Equal(previous, record.GetProperty("previous").GetString());
            Assert.Equal("edge-1", record.GetProperty("instance").GetString());
            if (records[3] is byte[] personal) HoldsPersonal(record, JsonDocument.Parse(personal).RootElement);
            previous = Convert.ToHexStringLower(hash);
            hashes.Add(hash);
        }

        Assert.Equal(27, hashes.Count); // it also began and stopped
        var notes = 0;
        using var checkpoints = Query(file, "SELECT note FROM checkpoints ORDER BY size");
        for (; checkpoints.Read(); notes++) HoldsNote(checkpoints.GetString(0), hashes);
        Assert.True(notes >= 3);
    }

    [Fact]
    public void A_record_is_one_line_of_a_fixed_form()
    {
        var record = new AuditRecord
        {
            Kind = AuditKind.Administration,
            Time = new DateTimeOffset(2026, 11, 26, 8, 0, 0, 7, TimeSpan.Zero),
            Outcome = AuditOutcome.FailedBefore,
            Who = "anna",
            Reason = "a \"quote\", a \\, a line\nbreak, é and \u202e",
            Details = [new AuditDetail("key", "k7f3")],
            Status = 503,
        };

        Assert.Equal(
            "\"time\":\"2026-11-26T08:00:00.007Z\",\"kind\":\"administration\",\"outcome\":\"failed-before\",\"status\":503,\"who\":\"anna\","
            + @"""reason"":""a \u0022quote\u0022, a \u005c, a line\u000abreak, \u00e9 and \u202e"",""details"":[[""key"",""k7f3""]]",
            Encoding.ASCII.GetString(RecordWriter.Write(record).Body));
    }

    [Fact]
    public void Every_value_is_bounded()
    {
        var endless = new string('\u0001', 100_000);
        var record = new AuditRecord
        {
            Kind = AuditKind.Administration,
            Time = DateTimeOffset.UnixEpoch,
            RequestId = endless,
            TraceId = endless,
            Intent = endless,
            Listener = endless,
            Consumer = endless,
            ConsumerKind = endless,
            CredentialKind = endless,
            CredentialId = endless,
            Person = endless,
            Actor = endless,
            About = [.. Enumerable.Repeat(new AboutEntry(endless, endless, endless), 100)],
            Route = endless,
            Api = endless,
            Method = endless,
            Path = endless,
            Parameters = endless,
            DecidedBy = endless,
            Problem = endless,
            Destination = endless,
            Who = endless,
            Reason = endless,
            Details = [.. Enumerable.Repeat(new AuditDetail(endless, endless), 100)],
            Fingerprint = endless,
        };

        var written = RecordWriter.Write(record);

        Assert.InRange(written.Body.Length + written.Personal.Length, 1, 192 * 1024);
        Assert.NotNull(ReadBack(written));
    }

    [Fact]
    public void What_was_written_is_read_back()
    {
        var record = TestTrail.Sample(3);
        var written = RecordWriter.Write(record);
        var read = ReadBack(written)!.Record;

        foreach (var property in typeof(AuditRecord).GetProperties())
            Assert.Equal(property.GetValue(record), property.GetValue(read));
    }

    /// <summary>Each field of a record is written: one that is forgotten would be lost without a trace.</summary>
    [Fact]
    public void No_field_is_forgotten()
    {
        string[] given = ["Kind", "Instance", "Sequence"];
        foreach (var property in typeof(AuditRecord).GetProperties().Where(p => !given.Contains(p.Name)))
        {
            var record = new AuditRecord { Kind = AuditKind.Administration, Time = DateTimeOffset.UnixEpoch };
            var before = RecordWriter.Write(record).Body.ToArray();
            object value = property.PropertyType.Name switch
            {
                nameof(String) => "x",
                nameof(Int32) => 7,
                nameof(Int64) => 7L,
                nameof(DateTimeOffset) => DateTimeOffset.UnixEpoch.AddDays(1),
                nameof(AuditDecision) => AuditDecision.Refused,
                nameof(AuditOutcome) => AuditOutcome.Unknown,
                nameof(System.Net.IPAddress) => System.Net.IPAddress.Loopback,
                _ when property.Name == nameof(AuditRecord.About) => new[] { new AboutEntry("customer", "k1", "00") },
                _ => new[] { new AuditDetail("key", "k7f3") },
            };
            property.SetValue(record, value);
            Assert.False(RecordWriter.Write(record).Body.SequenceEqual(before), property.Name);
        }
    }

    private static ReadRecord? ReadBack(RecordWriter written) =>
        RecordReader.Read(Encoding.ASCII.GetBytes($$"""{"v":1,{{Encoding.ASCII.GetString(written.Body)}}}"""), written.Personal.ToArray());

    private static SqliteDataReader Query(SqliteConnection file, string text)
    {
        var command = file.CreateCommand(); // gone with the connection
        command.CommandText = text;
        return command.ExecuteReader();
    }

    /// <summary>SHA-256 over salt, name, zero and value.</summary>
    private static void HoldsPersonal(JsonElement record, JsonElement beside)
    {
        foreach (var field in beside.EnumerateObject())
        {
            var isList = field.Value[0].ValueKind == JsonValueKind.Array;
            JsonElement[] values = isList ? [.. field.Value.EnumerateArray()] : [field.Value];
            JsonElement[] digests = isList ? [.. record.GetProperty(field.Name).EnumerateArray()] : [record.GetProperty(field.Name)];
            Assert.Equal(digests.Length, values.Length);
            for (var i = 0; i < values.Length; i++)
            {
                byte[] hashed =
                [
                    .. Convert.FromHexString(values[i][0].GetString()!), .. Encoding.UTF8.GetBytes(field.Name), 0,
                    .. Encoding.UTF8.GetBytes(values[i][1].GetString()!),
                ];
                Assert.Equal(digests[i].GetString(), Convert.ToHexStringLower(SHA256.HashData(hashed)));
            }
        }
    }

    private void HoldsNote(string note, List<byte[]> hashes)
    {
        var parts = note.Split("\n\n");
        var (text, signature) = (parts[0] + "\n", parts[1].TrimEnd('\n').Split(' '));
        var lines = text.Split('\n');
        Assert.StartsWith("front-door/audit/edge-1/", lines[0], StringComparison.Ordinal);
        Assert.Equal(lines[2], Convert.ToBase64String(Root(hashes[..int.Parse(lines[1])])));
        Assert.Equal(["—", lines[0]], signature[..2]);
        var bytes = Convert.FromBase64String(signature[2]);
        using var key = ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(_trail.PublicKey));
        Assert.Equal(SHA256.HashData(key.ExportSubjectPublicKeyInfo())[..4], bytes[..4]);
        Assert.True(key.VerifyData(Encoding.UTF8.GetBytes(text), bytes[4..], HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
    }

    /// <summary>RFC 9162 section 2.1.1, as it is written there.</summary>
    private static byte[] Root(List<byte[]> leaves)
    {
        if (leaves.Count == 1) return leaves[0];
        var half = 1;
        while (half * 2 < leaves.Count) half *= 2;
        return SHA256.HashData([1, .. Root(leaves[..half]), .. Root(leaves[half..])]);
    }
}

using StackExchange.Redis;

namespace Gatehouse.Stores;

/// <summary>What is asked about what one caller has spent in one period: to reserve some of it, to give some back, or neither.</summary>
/// <param name="Key">The count's key, made by <see cref="StoreKeys"/>; the period is part of it.</param>
/// <param name="Want">Units to reserve, as far as there are any; less than nothing gives back.</param>
/// <param name="Allow">The most that may be spent.</param>
/// <param name="Milliseconds">How long the key is to live from now on.</param>
internal readonly record struct SpentAsk(byte[] Key, long Want, long Allow, long Milliseconds)
{
    /// <summary>What the asker knows to be spent: it counts when the store has lost what it knew then.</summary>
    public long Known { get; init; }

    /// <summary>Of which life of the count the asker knows; zero for none.</summary>
    public long Life { get; init; }

    /// <summary>And after how many of its changes.</summary>
    public long Turn { get; init; }

    /// <summary>Whether a key may be made; else what has none is answered with life zero.</summary>
    public bool MayMake { get; init; }
}

/// <summary>What the store says about it.</summary>
/// <param name="Granted">Units that were reserved; less than nothing when some were given back.</param>
/// <param name="Spent">What is spent or reserved after the question, by all.</param>
/// <param name="Life">Which life of the count it is; zero where there is none and none may be made.</param>
/// <param name="Turn">How often it has changed in this life.</param>
internal readonly record struct SpentState(long Granted, long Spent, long Life, long Turn);

/// <summary>
/// Counts what is spent in periods, in one step that nothing comes between. A count has a life: the time at which its key was made, or at which the
/// store turned out to have gone back to an older state. It holds what was spent before that life, as far as anybody knew (the most of all that
/// askers of earlier lives know), and what was reserved in it. So a store that was emptied has the whole count again as soon as the one who knows
/// most has asked, whoever has asked before.
/// </summary>
internal static class SpentScript
{
    /// <summary>Numbers that each count of a question has.</summary>
    public const int Arguments = 7;

    private const int Results = 4;

    private const string Text = """
        local t = redis.call('TIME')
        local now = (tonumber(t[1]) - 1767225600) * 1000000 + tonumber(t[2])
        local out = {}
        for i = 1, #KEYS do
          local a = (i - 1) * 7
          local want, allow, known = tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3])
          local seen, seenTurn = tonumber(ARGV[a + 4]), tonumber(ARGV[a + 5])
          local held = redis.call('GET', KEYS[i])
          local life, turn, before, since
          if held then
            local l, n, b, s = string.match(held, '^(%d+) (%d+) (%d+) (-?%d+)$')
            life, turn, before, since = tonumber(l), tonumber(n), tonumber(b), tonumber(s)
          end
          local granted, spent, dirty = 0, 0, false
          if not life and ARGV[a + 7] == '0' then
            life, turn = 0, 0
          else
            if not life or seen > life or (seen == life and seenTurn > turn) then
              if life and before + since > known then known = before + since end
              life, turn, before, since = now, 0, known, 0
              if life <= seen then life = seen + 1 end
              dirty = known > 0
            elseif seen < life and known > before then
              before = known
              dirty = true
            end
            spent = before + since
            if want > 0 then
              granted = allow - spent
              if granted > want then granted = want end
              if granted < 0 then granted = 0 end
            elseif want < 0 and seen == life then
              granted = want
              if spent + granted < 0 then granted = -spent end
            end
            if granted ~= 0 or dirty then
              since = since + granted
              spent = spent + granted
              turn = turn + 1
              redis.call('SET', KEYS[i], string.format('%.0f %.0f %.0f %.0f', life, turn, before, since), 'PX', ARGV[a + 6])
            end
          end
          local o = (i - 1) * 4
          out[o + 1], out[o + 2], out[o + 3], out[o + 4] = granted, spent, life, turn
        end
        return out
        """;

    private static readonly StoreScript Script = new(Text);

    public static StoreQuestion Encode(SpentAsk[] asks, int count)
    {
        var keys = new RedisKey[count];
        var values = new RedisValue[count * Arguments];
        for (var i = 0; i < count; i++)
        {
            ref var ask = ref asks[i];
            keys[i] = ask.Key;
            var at = i * Arguments;
            values[at] = ask.Want;
            values[at + 1] = ask.Allow;
            values[at + 2] = ask.Known;
            values[at + 3] = ask.Life;
            values[at + 4] = ask.Turn;
            values[at + 5] = ask.Milliseconds;
            values[at + 6] = ask.MayMake ? 1 : 0;
        }

        return new StoreQuestion(Script, keys, values);
    }

    /// <summary>The answer as it came; null for what no answer of the script looks like.</summary>
    public static SpentState[]? Read(ReadOnlySpan<long> numbers, int counts)
    {
        if (numbers.Length != Results * counts) return null;
        var states = new SpentState[counts];
        for (var i = 0; i < counts; i++)
        {
            var at = i * Results;
            states[i] = new SpentState(numbers[at], numbers[at + 1], numbers[at + 2], numbers[at + 3]);
            if (states[i].Spent < 0 || states[i].Life < 0 || states[i].Turn < 0) return null;
        }

        return states;
    }
}

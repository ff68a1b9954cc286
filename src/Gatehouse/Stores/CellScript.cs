using StackExchange.Redis;

namespace Gatehouse.Stores;

/// <summary>
/// What the store does with a question, in one step that nothing comes between: the generic cell rate algorithm (ITU-T I.371, virtual scheduling)
/// over several cells. A cell is one number, the time at which all that was used will have come back, on the store's own clock; its key lives exactly
/// until then. Numbers are whole and below 2^53, where the store's arithmetic is exact.
/// </summary>
internal static class CellScript
{
    /// <summary>62.5 ns: fine enough for every limit, and coarse enough for 17 years of exact numbers.</summary>
    public const long UnitsPerSecond = 16_000_000;

    /// <summary>Numbers that each cell of a question has.</summary>
    public const int Arguments = 6;

    /// <summary>
    /// First every cell is looked at, then all are written or, when one refuses, only those that have something to catch up on. Time begins in 2026,
    /// so that it stays small. A cell that is further ahead than its window (the store's clock was set back, or the window has shrunk) counts as
    /// full.
    /// </summary>
    private const string Text = """
        local t = redis.call('TIME')
        local now = (tonumber(t[1]) - 1767225600) * 16000000 + tonumber(t[2]) * 16
        local tats, dirty, passes = {}, {}, 1
        for i = 1, #KEYS do
          local a = (i - 1) * 6
          local interval, window, cost = tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3])
          local floor, owed = tonumber(ARGV[a + 5]), tonumber(ARGV[a + 6])
          local held = redis.call('GET', KEYS[i])
          local tat = held and tonumber(held)
          if not tat then
            tat = now + floor
            dirty[i] = floor > 0
          end
          if tat < now then tat = now end
          if owed > 0 then
            tat = tat + owed
            dirty[i] = true
          end
          if tat > now + window then
            tat = now + window
            dirty[i] = true
          end
          tats[i] = tat
          if tat - now + cost * interval > window then passes = 0 end
        end
        local out = { passes }
        for i = 1, #KEYS do
          local a = (i - 1) * 6
          local interval, window, cost, extra = tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3]), tonumber(ARGV[a + 4])
          local tat, granted = tats[i], 0
          if passes == 1 then
            if extra > 0 then
              granted = math.floor((now + window - tat) / interval) - cost
              if granted > extra then granted = extra end
              if granted < 0 then granted = 0 end
            end
            if cost + granted ~= 0 then
              tat = tat + (cost + granted) * interval
              dirty[i] = true
            end
          end
          if tat < now then tat = now end
          if dirty[i] and tat > now then
            redis.call('SET', KEYS[i], string.format('%.0f', tat), 'PX', string.format('%.0f', math.ceil((tat - now) / 16000)))
          elseif dirty[i] then
            redis.call('DEL', KEYS[i])
          end
          out[2 * i] = granted
          out[2 * i + 1] = tat - now
        end
        return out
        """;

    private static readonly StoreScript Script = new(Text);

    public static StoreQuestion Encode(CellAsk[] asks, int count)
    {
        var keys = new RedisKey[count];
        var values = new RedisValue[count * Arguments];
        for (var i = 0; i < count; i++)
        {
            ref var ask = ref asks[i];
            keys[i] = ask.Key;
            var at = i * Arguments;
            values[at] = ask.Interval;
            values[at + 1] = ask.Window;
            values[at + 2] = ask.Cost;
            values[at + 3] = ask.Extra;
            values[at + 4] = ask.Floor;
            values[at + 5] = ask.Owed;
        }

        return new StoreQuestion(Script, keys, values);
    }

    /// <summary>The answer as it came; null for what no answer of the script looks like.</summary>
    public static StoreAnswer? Read(ReadOnlySpan<long> numbers, int cells)
    {
        if (numbers.Length != 1 + 2 * cells || numbers[0] is not (0 or 1)) return null;
        var states = new CellState[cells];
        for (var i = 0; i < cells; i++)
        {
            states[i] = new CellState(numbers[1 + 2 * i], numbers[2 + 2 * i]);
            if (states[i].Granted < 0 || states[i].Used < 0) return null;
        }

        return new StoreAnswer(numbers[0] == 1, states, NoAnswer.None);
    }
}

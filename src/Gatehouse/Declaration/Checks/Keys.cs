using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;

namespace Gatehouse.Declaration.Checks;

/// <summary>API keys belong to one consumer, live for a bounded time, and have a pepper to be checked under.</summary>
internal static class Keys
{
    private const int LongestLifeInDays = 366;

    public static void Check(Draft draft)
    {
        Place? needsPepper = null;
        var holders = new Dictionary<string, (string Consumer, Place Place)>(StringComparer.Ordinal);
        foreach (var consumer in draft.Consumers.Values)
        {
            foreach (var entry in consumer.Text.Get(ConsumerSection.Authenticate) ?? [])
            {
                if (entry.ApiKey is not { } named) continue;
                needsPepper ??= named.Place;
                if (named.Value.Declared is not { } declared) continue;
                var key = new Located<Consumers.ApiKeyCredential>(declared, named.Place);
                if (!holders.TryAdd(key.Value.Id, (consumer.Name, key.Place)))
                    draft.Findings.Add(Rules.KeyLife, key.Place, $"the key '{key.Value.Id}' of {consumer.Name} is the key of {holders[key.Value.Id].Consumer} already, at {holders[key.Value.Id].Place}",
                        "every consumer, and every entry, has a key of its own");
                CheckLife(consumer.Name, key, draft);
            }
        }

        if (needsPepper is { } place && !draft.Root.SaysKeys)
            draft.Findings.Add(Rules.MissingKey, place, "API keys cannot be checked without a pepper",
                "make one with: gatehouse key init FILE; then write keys: { pepper: \"file:FILE\" }");
    }

    private static void CheckLife(string consumer, Located<Consumers.ApiKeyCredential> key, Draft draft)
    {
        if (key.Value.Revoked is null && key.Value.Expires <= draft.Now)
            draft.Findings.Add(Rules.KeyLife.Lesser(), key.Place, $"the key '{key.Value.Id}' of {consumer} has expired",
                "remove it, or make another with: gatehouse key create");
        else if (key.Value.Expires > draft.Now.AddDays(LongestLifeInDays))
            draft.Findings.Add(Rules.KeyLife.Lesser(), key.Place, $"the key '{key.Value.Id}' of {consumer} lives for more than a year",
                "let it expire sooner; two keys can overlap");
    }
}

using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Checks;

/// <summary>What has to be accounted for is recorded, whom it is about is said, and what signs the record is not kept beside it.</summary>
internal static class RouteAudits
{
    public static void Check(Draft draft)
    {
        CheckTrail(draft);
        foreach (var route in draft.Routes)
        {
            CheckNames(route);
            CheckUse(route, draft);
        }
    }

    private static void CheckTrail(Draft draft)
    {
        if (draft.Root.Audit is { } audit)
        {
            var (store, key) = (audit.Value.Store.Value, audit.Value.Key.Value);
            if (store != AuditSection.InPostgres && key.StartsWith("file:", StringComparison.Ordinal)
                && FolderOf(store) == FolderOf(key["file:".Length..]))
                draft.Findings.Add(Rules.Unaccounted, audit.Value.Key.Place, "the key that signs the trail lies in the folder of the trail",
                    "keep it in a folder of its own, which backups of the trail do not take along");
            return;
        }

        if (draft.Root.SaysAudit || draft.Routes.FirstOrDefault(r => r.IsAccountable) is not { } first) return;
        var others = draft.Routes.Count(r => r.IsAccountable) - 1;
        draft.Findings.Add(Rules.Unaccounted, first.Place,
            others == 0
                ? $"route {first.Id} has to be accounted for, and the declaration has no trail"
                : $"route {first.Id} and {others} more have to be accounted for, and the declaration has no trail",
            "audit: { store: gatehouse.audit.db, key: \"file:keys/audit.pem\" }, at the top");
    }

    private static void CheckUse(RouteDraft route, Draft draft)
    {
        if (!draft.Root.SaysAudit)
        {
            if (route.Audit is { } asked)
                route.Text.Findings.Add(Rules.Contradiction, asked.Place, $"route {route.Id} is to be recorded, and the declaration has no trail",
                    "audit: { store: …, key: … }, at the top");
            return;
        }

        if (route.About.Count > 0 && draft.Root.Audit is { Value.InvestigationKeys: [] })
            route.Text.Findings.Add(Rules.MissingKey, route.Text.PlaceOf(RouteSection.About),
                $"route {route.Id} says whom its calls are about, and the declaration has no key to keep that under",
                "make one with: gatehouse key init FILE; then write audit: { …, investigation: { keys: [\"file:FILE\"] } }");
        if (route.TouchesPeople && !route.Text.Has(RouteSection.About))
            route.Text.Complain(Rules.NoSubject, route.Place, $"route {route.Id} touches people's data and does not say whose",
                "about: { customer: token.sub }, or a name of the path, a parameter of the query or a member of the answer");
    }

    /// <summary>Names of the path are those of the path. What a client may write in a query is not declared.</summary>
    private static void CheckNames(RouteDraft route)
    {
        if (route.Match is not { } match) return;
        var names = match.Path.Segments.Select(s => s.Name).OfType<string>().ToList();
        foreach (var about in route.About)
        {
            var (part, name) = about.Value.Value;
            if (part == SubjectPart.Path && !names.Contains(name))
                route.Text.Findings.Add(Rules.UnknownReference, about.Value.Place, $"the path of route {route.Id} has no name '{Show.Bounded(name)}'",
                    route.Text.Findings.IsFull ? null : Nearest.Hint(name, names));
            if (part == SubjectPart.Token && route.Access is { Anonymous: not null })
                route.Text.Findings.Add(Rules.Contradiction, about.Value.Place,
                    $"route {route.Id} is open to callers without a token, which then cannot say whom the call is about",
                    "name a name of the path or a parameter of the query");
            if (part == SubjectPart.Response && match.Method == "HEAD")
                route.Text.Findings.Add(Rules.Contradiction, about.Value.Place, $"an answer to HEAD has no body that says whom a call of route {route.Id} is about",
                    "name a name of the path or a parameter of the query");
        }

        foreach (var listed in route.Audit?.Value ?? [])
            if (route.About.Any(a => a.Value.Value.Part is SubjectPart.Path or SubjectPart.Query && a.Value.Value.Name == listed.Value))
                route.Text.Findings.Add(Rules.Contradiction, listed.Place,
                    $"'{Show.Bounded(listed.Value)}' says whom a call of route {route.Id} is about, and would be read in the trail",
                    "leave it out of 'parameters'");
    }

    private static string FolderOf(string path) => Path.GetDirectoryName(Path.GetFullPath(path)) ?? "";
}

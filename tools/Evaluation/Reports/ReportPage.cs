using System.Globalization;
using System.Net;
using System.Text;
using Realign.Evaluation.Reading;
using Realign.V1;
using Realign.World;

namespace Realign.Evaluation.Reports;

/// <summary>The page: tables, readers, and pictures of all arms side by side with what the oracle sees in them.</summary>
internal static class ReportPage
{
    private const int ShownRows = 40;

    /// <summary>Builds it; pictures are linked, they lie beside it.</summary>
    public static string Build(RunReport report, IReadOnlyList<JudgedPicture> pictures)
    {
        var page = new StringBuilder();
        _ = page.Append("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">")
            .Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Evaluation</title><style>").Append(Css())
            .Append("</style></head><body><h1>Evaluation</h1>")
            .Append(CultureInfo.InvariantCulture, $"<p><code>{Text(report.Command)}</code></p>")
            .Append(CultureInfo.InvariantCulture, $"<p>{report.Pictures} of {report.PicturesPlanned} pictures, ")
            .Append(CultureInfo.InvariantCulture, $"seeds {Text(string.Join(", ", report.Run.Seeds))}. ")
            .Append("Shares with 95 % intervals (Wilson), means with 95 % intervals (bootstrap), pairs of one prompt and seed by McNemar's exact ")
            .Append("test.</p>");
        List(page, report.Judges);
        List(page, report.Notes);
        foreach (var set in report.Sets)
            Table(page, set);
        Readers(page, report);
        foreach (var set in report.Run.Sets)
            Grid(page, set.Name, report, [.. pictures.Where(picture => picture.Record.Set == set.Name)]);
        return page.Append("</body></html>\n").ToString();
    }

    private static void List(StringBuilder page, IReadOnlyList<string> lines)
    {
        if (lines.Count > 0)
            _ = page.Append("<ul>").AppendJoin("", lines.Select(line => $"<li>{Text(line)}</li>")).Append("</ul>");
    }

    private static void Table(StringBuilder page, SetReport set)
    {
        _ = page.Append(CultureInfo.InvariantCulture, $"<h2>{Text(set.Name)}, {set.Prompts} prompts</h2><table><tr><th></th>")
            .AppendJoin("", set.Arms.Select(arm => $"<th>{Text(arm.Arm)}</th>")).Append("</tr>");
        foreach (var (name, of) in ReportTable.Figures.Where(figure => set.Arms.Any(arm => figure.Of(arm) is not null)))
        {
            _ = page.Append(CultureInfo.InvariantCulture, $"<tr><th>{Text(name)}</th>")
                .AppendJoin("", set.Arms.Select(arm => $"<td>{Text(ReportTable.Text(of(arm)))}</td>")).Append("</tr>");
        }

        _ = page.Append("</table>");
    }

    private static void Readers(StringBuilder page, RunReport report)
    {
        if (report.Readers.Count == 0)
            return;
        _ = page.Append("<h2>Readers against the oracle</h2><table><tr><th>reader</th><th>claim</th><th>precision</th><th>recall</th><th>false accepts</th>")
            .Append("<th>false rejects</th><th>silent</th></tr>");
        foreach (var row in report.Readers)
        {
            string[] cells =
            [
                row.Claim, ReportTable.Text(row.Precision), ReportTable.Text(row.Recall), Number(row.FalsePositives), Number(row.FalseNegatives),
                Number(row.Silent),
            ];
            _ = page.Append(CultureInfo.InvariantCulture, $"<tr><th>{Text(row.Reader)}</th>").AppendJoin("", cells.Select(cell => $"<td>{Text(cell)}</td>"))
                .Append("</tr>");
        }

        _ = page.Append("</table>");
    }

    private static void Grid(StringBuilder page, string set, RunReport report, IReadOnlyList<JudgedPicture> pictures)
    {
        var rows = pictures.GroupBy(picture => (picture.Record.Prompt, picture.Record.Seed)).ToList();
        var differing = rows.Where(row => row.Select(picture => picture.IsRight).Distinct().Count() > 1).ToList();
        Rows(page, $"{set}: the first pictures", report, rows.Take(ShownRows));
        if (differing.Count > 0)
            Rows(page, FormattableString.Invariant($"{set}: where the arms differ ({differing.Count} of {rows.Count})"), report, differing.Take(ShownRows));
    }

    private static void Rows(StringBuilder page, string title, RunReport report, IEnumerable<IEnumerable<JudgedPicture>> rows)
    {
        _ = page.Append(CultureInfo.InvariantCulture, $"<h2>{Text(title)}</h2>");
        foreach (var row in rows)
        {
            var byArm = row.ToDictionary(picture => picture.Record.Arm, StringComparer.Ordinal);
            var first = byArm.Values.First().Record;
            _ = page.Append(CultureInfo.InvariantCulture, $"<section><h3>{Text(first.Text)} <small>seed {first.Seed}</small></h3><div class=\"row\">");
            foreach (var picture in byArm.Values.OrderBy(picture => picture.Record.Arm != report.Base))
                Figure(page, picture);
            _ = page.Append("</div></section>");
        }
    }

    private static void Figure(StringBuilder page, JudgedPicture picture)
    {
        var record = picture.Record;
        var mark = picture.Truth is null ? "" : picture.IsRight ? " class=\"right\"" : " class=\"wrong\"";
        _ = page.Append(CultureInfo.InvariantCulture, $"<figure{mark}><img src=\"{Text(record.Png)}\" alt=\"{Text(record.Text)}\" loading=\"lazy\">")
            .Append(CultureInfo.InvariantCulture, $"<figcaption><b>{Text(record.Arm)}</b>")
            .Append(record.AttemptsMade > 1 ? FormattableString.Invariant($" attempt {record.Attempt} of {record.AttemptsMade}") : "").Append("<ul>");
        foreach (var item in picture.Truth?.Objects ?? [])
            _ = page.Append(Tick(item.IsBound, $"{Caption.Phrase(item.Demanded)}{(item.IsBound ? "" : Instead(item))}"));
        foreach (var (relation, holds) in picture.Truth?.Relations ?? [])
            _ = page.Append(Tick(holds, Caption.Words(relation.Relation)));
        if (picture.Truth is { Extra: > 0 } truth)
            _ = page.Append(CultureInfo.InvariantCulture, $"<li>{truth.Extra} extra</li>");
        if (record.Verification is { } verification)
        {
            var unsure = verification.Objects.Where(item => item.Verdict != Verdict.Confirmed)
                .Select(item => $"{string.Join(' ', [.. item.Attributes, item.Noun])} {item.Verdict.ToString().ToLowerInvariant()}");
            var state = verification.Verified ? "verified" : "not verified";
            _ = page.Append(CultureInfo.InvariantCulture, $"<li>{state} {Text(string.Join(", ", unsure))}</li>");
        }

        _ = page.Append(CultureInfo.InvariantCulture, $"<li>CLIP {record.Reading.Clip:0.000}</li></ul></figcaption></figure>");
    }

    private static string Instead(Metrics.Oracle.ObjectJudgement item) =>
        item.Seen.Count == 0 ? ": not there" : $": {string.Join(", ", item.Seen.Select(seen => seen.Color))}";

    private static string Tick(bool holds, string text) => $"<li class=\"{(holds ? "yes" : "no")}\">{(holds ? "✓" : "✗")} {Text(text)}</li>";

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private static string Css()
    {
        using var reader = new StreamReader(typeof(ReportPage).Assembly.GetManifestResourceStream("report.css")!);
        return reader.ReadToEnd();
    }
}

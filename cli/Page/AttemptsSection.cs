using System.Globalization;
using System.Text;
using Realign.Cli.Realigning;
using Realign.V1;

namespace Realign.Cli.Page;

/// <summary>Every attempt with both of its images and what they show.</summary>
internal static class AttemptsSection
{
    public static void Append(StringBuilder html, RealignRecord record)
    {
        html.Append($"""<div class="grid {(record.Attempts.Count > 1 ? "attempts" : "")}">""");
        foreach (var attempt in record.Attempts)
            Append(html, record, attempt);
        html.Append("</div>");
    }

    private static void Append(StringBuilder html, RealignRecord record, AttemptRecord attempt)
    {
        var isAccepted = attempt.Number == record.Accepted.Number;
        var seed = attempt.Seed is { } value ? string.Create(CultureInfo.InvariantCulture, $"""<span class="chip">seed <b>{value}</b></span>""") : "";
        html.Append(CultureInfo.InvariantCulture, $"""
            <section class="card{(isAccepted ? " accepted" : "")}"><div class="head"><h2>Attempt {attempt.Number}</h2>{seed}</div><div class="pair">
            """);
        foreach (var (picture, png, verification) in attempt.Pictures())
        {
            var isResult = isAccepted && picture == record.AcceptedPicture;
            var taken = isResult ? """<span class="chip good">taken</span>""" : "";
            html.Append(CultureInfo.InvariantCulture, $"""
                <figure{(isResult ? " class=\"taken\"" : "")}>
                {HtmlText.Picture($"{Title(picture)} image of attempt {attempt.Number}", png.Span)}
                <figcaption><b>{Title(picture)}</b>{Source(picture)}
                <div class="chips">{taken}{VerdictList.Badge(verification)}{Likelihood(verification)}</div>
                {(verification is null ? "" : VerdictList.Of(record.Demand, verification))}</figcaption></figure>
                """);
        }

        html.Append("</div>");
        foreach (var note in Notes(record, attempt, isAccepted))
            html.Append($"""<p class="reasons">{HtmlText.Encode(note)}</p>""");
        html.Append("</section>");
    }

    private static IEnumerable<string> Notes(RealignRecord record, AttemptRecord attempt, bool isAccepted)
    {
        var notes = attempt.Failures.Select(entry => $"{StageBars.NameOf(entry.Stage)} failed: {entry.Failure.Message}").Append(attempt.Note);
        if (isAccepted && !record.Result.Refined)
            notes = notes.Append(record.Result.NotRefinedBecause);
        var seen = notes.Where(note => note.Length > 0).Distinct().ToList();
        // a failure says what the note of its attempt says, and its stage
        return seen.Where(note => !seen.Exists(other => other != note && other.EndsWith(note, StringComparison.Ordinal)));
    }

    private static string Title(Picture picture) => picture == Picture.Coarse ? "Coarse" : "Refined";

    private static string Source(Picture picture) =>
        picture == Picture.Coarse ? "the prompt alone" : "the same noise, attention re-weighted inside the segments";

    private static string Likelihood(Verification? verification) => verification is { HasLogLikelihood: true }
        ? string.Create(CultureInfo.InvariantCulture,
            $"""<span class="chip" title="mean log-likelihood of the prompt per token, in nats">likelihood <b>{verification.LogLikelihood:0.00}</b></span>""")
        : "";
}

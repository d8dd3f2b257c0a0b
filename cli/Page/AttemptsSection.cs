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
        foreach (var (stage, failure) in attempt.Failures)
            html.Append($"""<p class="reasons"><b>{HtmlText.Encode(StageBars.NameOf(stage))}</b> failed: {HtmlText.Encode(failure.Message)}</p>""");
        foreach (var note in Notes(record, attempt, isAccepted))
            html.Append($"""<p class="soft">{HtmlText.Encode(note)}</p>""");
        html.Append("</section>");
    }

    // the note of an attempt that failed is the message of its failure
    private static IEnumerable<string> Notes(RealignRecord record, AttemptRecord attempt, bool isAccepted) =>
        new[] { attempt.Note, isAccepted && !record.Result.Refined ? record.Result.NotRefinedBecause : "" }
            .Where(note => note.Length > 0 && !attempt.Failures.Exists(entry => entry.Failure.Message == note)).Distinct();

    private static string Title(PictureKind picture) => picture == PictureKind.Coarse ? "Coarse" : "Refined";

    private static string Source(PictureKind picture) =>
        picture == PictureKind.Coarse ? "the prompt alone" : "the same noise, attention re-weighted inside the segments";

    private static string Likelihood(Verification? verification) => verification is { HasLogLikelihood: true }
        ? string.Create(CultureInfo.InvariantCulture,
            $"""<span class="chip" title="mean log-likelihood of the prompt per token, in nats">likelihood <b>{verification.LogLikelihood:0.00}</b></span>""")
        : "";
}

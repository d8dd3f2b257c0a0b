using System.Text;
using Realign.Cli.Realigning;
using Realign.Cli.Verifying;

namespace Realign.Cli.Page;

/// <summary>The image that was taken, what it shows, why it was taken, and what was wrong with the others.</summary>
internal static class ResultSection
{
    public static void Append(StringBuilder html, RealignRecord record)
    {
        var result = record.Result;
        html.Append($"""
            <section class="card hero"><div>{HtmlText.Picture("the result", result.Png.Span)}</div>
            <div><h2>What it shows</h2>{VerdictList.Of(record.Demand, result.Verification)}
            """);
        if (result.Accepted is { } accepted)
        {
            html.Append($"""
                <h2>Why this image</h2><p><b>{HtmlText.Encode(Capital(VerdictWords.NameOf(accepted.Attempt, accepted.Picture)))}</b>:
                {HtmlText.Encode(VerdictWords.Reason(accepted, record.Attempts.Count))}.</p>
                """);
        }

        var others = Others(record).ToList();
        if (others.Count > 0)
            html.Append("""<ul class="others">""").AppendJoin("", others).Append("</ul>");
        html.Append("</div></section>");
    }

    // of an attempt that was not taken, its last image that was read; of the one that was, its other image
    private static IEnumerable<string> Others(RealignRecord record)
    {
        foreach (var attempt in record.Attempts)
        {
            var isAccepted = attempt.Number == record.Accepted.Number;
            var read = attempt.Pictures().Where(drawn => drawn.Verification is not null && !(isAccepted && drawn.Picture == record.AcceptedPicture)).ToList();
            if (read.Count == 0)
                continue;
            var (picture, _, verification) = read[^1];
            var wrongs = Finding.Wrongs(record.Demand, verification!);
            yield return $"""
                <li><b>{HtmlText.Encode(Capital(VerdictWords.NameOf(attempt.Number, picture)))}</b>:
                {HtmlText.Encode(wrongs.Length > 0 ? wrongs : VerdictWords.Summary(verification))}</li>
                """;
        }
    }

    private static string Capital(string text) => $"{char.ToUpperInvariant(text[0])}{text[1..]}";
}

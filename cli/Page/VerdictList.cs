using System.Text;
using Realign.Cli.Verifying;
using Realign.V1;

namespace Realign.Cli.Page;

/// <summary>What an image shows of the demand: a line for each object and relation, with sign, colors, and why; all evidence as a tooltip.</summary>
internal static class VerdictList
{
    /// <param name="demand">What the prompt demands; null = unknown.</param>
    /// <param name="verification">What the image shows of it; null = nobody looked.</param>
    public static string Of(Demand? demand, Verification? verification)
    {
        if (verification is null)
            return """<p class="soft">This image was not compared with the prompt.</p>""";
        var html = new StringBuilder("""<ul class="verdicts">""");
        foreach (var finding in Finding.Of(demand, verification))
        {
            var style = Class(finding.Verdict);
            html.Append($"""
                <li title="{HtmlText.Encode(string.Join('\n', finding.Evidence))}">
                <span class="sign {style}">{VerdictWords.Sign(finding.Verdict)}</span>
                <div><b>{Swatches(finding)}{HtmlText.Encode(finding.Subject)}</b> <span class="word {style}">{finding.Word}</span>{Count(finding)}
                <div class="why">{HtmlText.Encode(finding.Why)}</div></div></li>
                """);
        }

        html.Append("</ul>");
        if (verification.Objects.Count == 0 && demand is { NothingBecause.Length: > 0 })
            html.Append($"""<p class="soft">{HtmlText.Encode(demand.NothingBecause)}</p>""");
        foreach (var unread in verification.Unread)
            html.Append($"""<p class="soft">Not read: {HtmlText.Encode(unread)}</p>""");
        return html.ToString();
    }

    /// <summary>The verification in a few words, colored.</summary>
    public static string Badge(Verification? verification) =>
        $"""<span class="chip {Class(verification)}">{HtmlText.Encode(VerdictWords.Summary(verification))}</span>""";

    private static string Class(Verdict verdict) => verdict switch
    {
        Verdict.Confirmed => "good",
        Verdict.Contradicted => "bad",
        _ => "unknown",
    };

    private static string Class(Verification? verification) => verification switch
    {
        null or { Objects.Count: 0 } => "",
        { Verified: true } => "good",
        { Contradicted: > 0 } or { Missing: > 0 } => "bad",
        _ => "unknown",
    };

    private static string Swatches(Finding finding) => string.Concat(finding.Attributes.Select(attribute => ColorSwatch.Of(attribute.Attribute)));

    // one of what is demanded is what the verdict says already
    private static string Count(Finding finding) => finding.Found is "" or "0" or "1" or "?" ? ""
        : $""" <span class="soft">{HtmlText.Encode(finding.Found)} found</span>""";
}

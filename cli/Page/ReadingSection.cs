using System.Globalization;
using System.Text;
using Realign.Cli.Pictures;
using Realign.Cli.Realigning;
using Realign.V1;

namespace Realign.Cli.Page;

/// <summary>What was read in the coarse image of the accepted attempt: segments, caption, tags, and the scene with what steered the refinement.</summary>
internal static class ReadingSection
{
    public static void Append(StringBuilder html, RealignRecord record)
    {
        html.Append("""<div class="grid two">""");
        Segments(html, record);
        ReadBack(html, record);
        html.Append("</div>");
    }

    private static void Segments(StringBuilder html, RealignRecord record)
    {
        var layers = record.Layers();
        var legend = layers.Count == 0 ? "nothing was found" : string.Concat(layers.Select((layer, index) => $"""
            <span><i class="dot" style="background:{Palette.Hex(index)}"></i>{HtmlText.Encode(layer.Title)}</span>
            """));
        var overlay = HtmlText.DataUri(MaskOverlay.DrawWithoutLegend(record.Coarse.Images[0].Png, layers));
        html.Append($"""
            <section class="card"><figure><img alt="coarse image with the masks of the segments" src="{overlay}">
            <figcaption><b>Segments</b><span class="legend">{legend}</span></figcaption></figure></section>
            """);
    }

    private static void ReadBack(StringBuilder html, RealignRecord record)
    {
        var number = record.Attempts.Count > 1 ? FormattableString.Invariant($" of attempt {record.Accepted.Number}") : "";
        html.Append($"""<section class="card"><h2>What was read in the coarse image{number}</h2>""");
        if (record.Accepted.Caption is { } caption)
            html.Append($"""<p class="label">Caption</p><p class="quote">{HtmlText.Encode(caption.Caption)}</p>""");
        if (record.Accepted.Tags is { } tags)
        {
            html.Append("""<p class="label">Tags</p><div class="chips">""");
            foreach (var tag in tags.Tags)
            {
                var probability = tag.HasProbability ? string.Create(CultureInfo.InvariantCulture, $" {tag.Probability:P0}") : "";
                html.Append($"""<span class="chip"><b>{HtmlText.Encode(tag.Name)}</b>{probability}</span>""");
            }

            if (tags.Tags.Count == 0)
                html.Append("""<span class="soft">none</span>""");
            html.Append("</div>");
        }

        if (record.Accepted.Scene is { } scene)
            Scene(html, record, scene);
        html.Append("</section>");
    }

    private static void Scene(StringBuilder html, RealignRecord record, ScoreSceneResponse scene)
    {
        html.Append("""
            <p class="label">Scene</p><div class="wide"><table>
            <tr><th>object</th><th class="n">score</th><th class="p">as the prompt demands it</th><th class="n">found</th><th class="n">area</th></tr>
            """);
        var layers = record.Layers();
        foreach (var (entry, place) in scene.Entries.Select((entry, place) => (entry, place)))
        {
            var used = record.Result.SegmentEntries.IndexOf(place);
            var found = record.Accepted.Segments?.Phrases.FirstOrDefault(phrase => phrase.Phrase == entry.Tag);
            var unused = record.Result.Unused.FirstOrDefault(candidate => candidate.Entry == place);
            var dot = used >= 0 ? $"""<span class="dot" style="background:{Palette.Hex(used)}"></span>""" : "";
            var score = found?.Detections.Count > 0 ? string.Create(CultureInfo.InvariantCulture, $"{found.Detections[0].Score:0.00}") : "–";
            var area = used >= 0 ? string.Create(CultureInfo.InvariantCulture, $"{layers[used].Mask.Share:P0}") : "–";
            var phrase = entry.Phrase.Length > 0 ? HtmlText.Encode(entry.Phrase) : "–";
            var reason = unused is null ? "" : $"""<div class="soft">{HtmlText.Encode(unused.Reason)}</div>""";
            if (entry.Origin == AnswerOrigin.Rule && scene.Origin == AnswerOrigin.Model)
                reason += """<div class="soft">read by the word-matching rule: the language model left it out</div>""";
            html.Append(CultureInfo.InvariantCulture, $"""
                <tr><td>{dot}{HtmlText.Encode(entry.Tag)}</td><td class="n">{entry.Score:0.#}</td><td class="p">{phrase}{reason}</td>
                <td class="n">{score}</td><td class="n">{area}</td></tr>
                """);
        }

        var origin = scene.Origin == AnswerOrigin.Rule ? "the word-matching rule (the model's answers were not valid)" : "the language model";
        html.Append($"""</table></div><p class="soft">Answered by {origin}. 2 = certain, 0.5 = possible, 0 = not in the scene.</p>""");
    }
}

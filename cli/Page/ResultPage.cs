using System.Globalization;
using System.Net;
using System.Text;
using Realign.Cli.Commands;
using Realign.Cli.Pictures;
using Realign.Cli.Realigning;
using Realign.V1;
using Realign.Wire.Schedulers;

namespace Realign.Cli.Page;

/// <summary>One self-contained page: prompt, the three pictures side by side, what each model read, times, and how to do it again.</summary>
internal static class ResultPage
{
    /// <param name="record">What the call sent.</param>
    /// <param name="heatMaps">PNG; null = none.</param>
    /// <param name="sameAgain">The command line that gives the same images again.</param>
    public static string Build(RealignRecord record, byte[]? heatMaps, string sameAgain)
    {
        var html = new StringBuilder();
        html.Append(CultureInfo.InvariantCulture, $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{Text(record.Request.Prompt)} · Realign</title>
            <style>{Css()}</style>
            </head>
            <body><main>
            <div class="eyebrow">Realign · coarse to fine</div>
            <h1>{Text(record.Request.Prompt)}</h1>
            """);
        Chips(html, record);
        Pictures(html, record);
        html.Append("""<div class="grid two">""");
        ReadBack(html, record);
        Scene(html, record);
        html.Append("</div>");
        if (heatMaps is not null)
        {
            html.Append(CultureInfo.InvariantCulture, $"""
                <div class="grid"><section class="card"><h2>Where each word looked</h2>
                <div class="wide"><img alt="attention heat map of each word, coarse and refined" src="{DataUri(heatMaps)}"></div>
                <p class="soft">Mean cross-attention of every word over the denoising steps (DAAM), each map on its own scale.</p></section></div>
                """);
        }

        html.Append("""<div class="grid two">""");
        Settings(html, record, sameAgain);
        Times(html, record);
        html.Append("</div></main></body></html>");
        return html.ToString();
    }

    private static void Chips(StringBuilder html, RealignRecord record)
    {
        var coarse = record.Coarse;
        html.Append("""<div class="chips">""");
        html.Append(record.Result.Refined ? """<span class="chip good">refined</span>""" : """<span class="chip warn">not refined</span>""");
        html.Append(CultureInfo.InvariantCulture, $"""
            <span class="chip">seed <b>{record.Seed}</b></span>
            <span class="chip">steps <b>{coarse.NumInferenceSteps}</b></span>
            <span class="chip">guidance <b>{coarse.GuidanceScale:0.##}</b></span>
            <span class="chip">sampler <b>{Text(SamplerName(coarse.Scheduler))}</b></span>
            <span class="chip">total <b>{record.Result.TotalMilliseconds / 1000:0.00} s</b></span></div>
            """);
        if (!record.Result.Refined)
            html.Append(CultureInfo.InvariantCulture, $"""<p class="reasons">{Text(record.Result.NotRefinedBecause)}</p>""");
    }

    private static void Pictures(StringBuilder html, RealignRecord record)
    {
        var refined = record.Result.Refined ? "generated again from the same noise, attention re-weighted inside the segments"
            : "nothing was refined: the coarse image is the result";
        var layers = record.Layers();
        var legend = string.Concat(layers.Select((layer, index) => $"""
            <span><i class="dot" style="background:{Palette.Hex(index)}"></i>{Text(layer.Title)}</span>
            """));
        var overlay = DataUri(MaskOverlay.DrawWithoutLegend(record.Coarse.Images[0].Png, layers));
        if (layers.Count == 0)
            legend = "nothing was found";
        html.Append(CultureInfo.InvariantCulture, $"""
            <div class="grid three">
            {Figure("Coarse", "the prompt alone", record.Coarse.Images[0].Png.Span)}
            <figure class="card"><img alt="coarse image with the masks of the segments" src="{overlay}">
            <figcaption><b>Segments</b><span class="legend">{legend}</span></figcaption></figure>
            {Figure(record.Result.Refined ? "Refined" : "Result", refined, record.Result.Png.Span)}
            </div>
            """);
    }

    private static string Figure(string title, string text, ReadOnlySpan<byte> png) => $"""
        <figure class="card"><img class="pixels" alt="{Text(title)} image" src="{DataUri(png)}">
        <figcaption><b>{Text(title)}</b>{Text(text)}</figcaption></figure>
        """;

    private static void ReadBack(StringBuilder html, RealignRecord record)
    {
        html.Append("""<section class="card"><h2>What was read in the coarse image</h2>""");
        if (record.Caption is { } caption)
            html.Append(CultureInfo.InvariantCulture, $"""<p class="label">Caption</p><p class="quote">{Text(caption.Caption)}</p>""");
        if (record.Tags is { } tags)
        {
            html.Append("""<p class="label">Tags</p><div class="chips">""");
            foreach (var tag in tags.Tags)
            {
                var probability = tag.HasProbability ? string.Create(CultureInfo.InvariantCulture, $" {tag.Probability:P0}") : "";
                html.Append(CultureInfo.InvariantCulture, $"""<span class="chip"><b>{Text(tag.Name)}</b>{probability}</span>""");
            }

            if (tags.Tags.Count == 0)
                html.Append("""<span class="soft">none</span>""");
            html.Append("</div>");
        }

        foreach (var (stage, failure) in record.Failures)
            html.Append(CultureInfo.InvariantCulture, $"""<p class="reasons"><b>{Text(StageBars.NameOf(stage))}</b> failed: {Text(failure.Message)}</p>""");
        html.Append("</section>");
    }

    private static void Scene(StringBuilder html, RealignRecord record)
    {
        html.Append("""
            <section class="card"><h2>What the prompt demands</h2><div class="wide"><table>
            <tr><th>object</th><th class="n">score</th><th class="p">as the prompt demands it</th><th class="n">found</th><th class="n">area</th></tr>
            """);
        var layers = record.Layers();
        foreach (var (entry, place) in (record.Scene?.Entries ?? []).Select((entry, place) => (entry, place)))
        {
            var used = record.Result.SegmentEntries.IndexOf(place);
            var found = record.Segments?.Phrases.FirstOrDefault(phrase => phrase.Phrase == entry.Tag);
            var unused = record.Result.Unused.FirstOrDefault(candidate => candidate.Entry == place);
            var dot = used >= 0 ? $"""<span class="dot" style="background:{Palette.Hex(used)}"></span>""" : "";
            var score = found?.Detections.Count > 0 ? string.Create(CultureInfo.InvariantCulture, $"{found.Detections[0].Score:0.00}") : "–";
            var area = used >= 0 ? string.Create(CultureInfo.InvariantCulture, $"{layers[used].Mask.Share:P0}") : "–";
            var phrase = entry.Phrase.Length > 0 ? Text(entry.Phrase) : "–";
            var reason = unused is null ? "" : $"""<div class="soft">{Text(unused.Reason)}</div>""";
            if (entry.Origin == AnswerOrigin.Rule && record.Scene!.Origin == AnswerOrigin.Model)
                reason += """<div class="soft">read by the word-matching rule: the language model left it out</div>""";
            html.Append(CultureInfo.InvariantCulture, $"""
                <tr><td>{dot}{Text(entry.Tag)}</td><td class="n">{entry.Score:0.#}</td><td class="p">{phrase}{reason}</td>
                <td class="n">{score}</td><td class="n">{area}</td></tr>
                """);
        }

        html.Append("</table></div>");
        if (record.Scene is { } scene)
        {
            var origin = scene.Origin == AnswerOrigin.Rule ? "the word-matching rule (the model's answers were not valid)" : "the language model";
            html.Append(CultureInfo.InvariantCulture, $"""<p class="soft">Answered by {origin}. 2 = certain, 0.5 = possible, 0 = not in the scene.</p>""");
        }

        html.Append("</section>");
    }

    private static void Settings(StringBuilder html, RealignRecord record, string sameAgain)
    {
        html.Append("""<section class="card"><h2>How it was made</h2><dl>""");
        Entry(html, "prompt of the coarse image", record.Coarse.EffectivePrompt);
        Entry(html, "prompt of the refined image", record.Refined?.EffectivePrompt ?? "");
        Entry(html, "negative prompt", record.Request.NegativePrompt);
        foreach (var note in Notes.Of(record.Coarse, record.Refined))
            Entry(html, "without effect", note);
        foreach (var (name, model) in new[]
        {
            ("generator", record.Coarse.Model), ("captioner", record.Caption?.Model), ("tagger", record.Tags?.Model),
            ("scene scorer", record.Scene?.Model), ("segmenter", record.Segments?.Model),
        })
            Entry(html, name, model is null ? "" : $"{model.Family} · {model.Name}");
        html.Append(CultureInfo.InvariantCulture, $"""
            </dl><p class="label" style="margin-top:18px">The same again</p><code>{Text(sameAgain)}</code></section>
            """);
    }

    private static void Times(StringBuilder html, RealignRecord record)
    {
        var total = Math.Max(1, record.Result.TotalMilliseconds);
        html.Append("""<section class="card"><h2>Where the time went</h2><div class="chart">""");
        foreach (var timing in record.Result.Timings)
        {
            var (left, width) = (100 * timing.StartMilliseconds / total, 100 * timing.DurationMilliseconds / total);
            html.Append(CultureInfo.InvariantCulture, $"""
                <span>{Text(StageBars.NameOf(timing.Stage))}</span>
                <span class="track"><i style="left:{left:0.###}%;width:{width:0.###}%"></i></span>
                <span class="n">{timing.DurationMilliseconds:0} ms</span>
                """);
        }

        html.Append(CultureInfo.InvariantCulture, $"""
            </div><p class="soft">Tag and caption run side by side. The whole call took {total:0} ms.</p></section>
            """);
    }

    private static string SamplerName(Scheduler scheduler) => SchedulerName.Of(scheduler)?.Title ?? "the checkpoint's own";

    private static void Entry(StringBuilder html, string name, string value)
    {
        if (value.Length > 0)
            html.Append(CultureInfo.InvariantCulture, $"<dt>{Text(name)}</dt><dd>{Text(value)}</dd>");
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private static string DataUri(ReadOnlySpan<byte> png) => $"data:image/png;base64,{Convert.ToBase64String(png)}";

    private static string Css()
    {
        using var stream = typeof(ResultPage).Assembly.GetManifestResourceStream("page.css")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}

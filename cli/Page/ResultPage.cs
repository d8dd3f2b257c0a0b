using System.Globalization;
using System.Text;
using Realign.Cli.Commands;
using Realign.Cli.Realigning;
using Realign.V1;
using Realign.Wire.Schedulers;

namespace Realign.Cli.Page;

/// <summary>One self-contained page: prompt, result and what it shows, every attempt, what each model read, times, and how to do it again.</summary>
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
            <title>{HtmlText.Encode(record.Request.Prompt)} · Realign</title>
            <style>{Css()}</style>
            </head>
            <body><main>
            <div class="eyebrow">Realign · coarse to fine</div>
            <h1>{HtmlText.Encode(record.Request.Prompt)}</h1>
            """);
        Chips(html, record);
        ResultSection.Append(html, record);
        AttemptsSection.Append(html, record);
        ReadingSection.Append(html, record);
        if (heatMaps is not null)
        {
            html.Append(CultureInfo.InvariantCulture, $"""
                <div class="grid"><section class="card"><h2>Where each word looked</h2>
                <div class="wide"><img alt="attention heat map of each word, coarse and refined" src="{HtmlText.DataUri(heatMaps)}"></div>
                <p class="soft">Mean cross-attention of every word over the denoising steps (DAAM), each map on its own scale.</p></section></div>
                """);
        }

        html.Append("""<div class="grid two">""");
        Settings(html, record, sameAgain);
        TimesSection.Append(html, record);
        html.Append("</div></main></body></html>");
        return html.ToString();
    }

    private static void Chips(StringBuilder html, RealignRecord record)
    {
        var coarse = record.Coarse;
        html.Append("""<div class="chips">""");
        html.Append(VerdictList.Badge(record.Result.Verification));
        html.Append(record.Result.Refined ? """<span class="chip">refined</span>""" : """<span class="chip">not refined</span>""");
        if (record.Attempts.Count > 1)
            html.Append(CultureInfo.InvariantCulture, $"""<span class="chip">attempt <b>{record.Accepted.Number} of {record.Attempts.Count}</b></span>""");
        html.Append(CultureInfo.InvariantCulture, $"""
            <span class="chip">seed <b>{record.Seed}</b></span>
            <span class="chip">steps <b>{coarse.NumInferenceSteps}</b></span>
            <span class="chip">guidance <b>{coarse.GuidanceScale:0.##}</b></span>
            <span class="chip">sampler <b>{HtmlText.Encode(SamplerName(coarse.Scheduler))}</b></span>
            <span class="chip">total <b>{record.Result.TotalMilliseconds / 1000:0.00} s</b></span></div>
            """);
    }

    private static void Settings(StringBuilder html, RealignRecord record, string sameAgain)
    {
        html.Append("""<section class="card"><h2>How it was made</h2><dl>""");
        Entry(html, "prompt of the coarse image", record.Coarse.EffectivePrompt);
        Entry(html, "prompt of the refined image", record.Accepted.Refined?.EffectivePrompt ?? "");
        Entry(html, "negative prompt", record.Request.NegativePrompt);
        foreach (var note in Notes.Of(record.Coarse, record.Accepted.Refined))
            Entry(html, "without effect", note);
        foreach (var (name, model) in new[]
        {
            ("generator", record.Coarse.Model), ("captioner", record.Accepted.Caption?.Model), ("tagger", record.Accepted.Tags?.Model),
            ("scene scorer", record.Accepted.Scene?.Model), ("segmenter", record.Accepted.Segments?.Model),
        })
            Entry(html, name, model is null ? "" : $"{model.Family} · {model.Name}");
        html.Append(CultureInfo.InvariantCulture, $"""
            </dl><p class="label" style="margin-top:18px">The same again</p><code>{HtmlText.Encode(sameAgain)}</code></section>
            """);
    }

    private static string SamplerName(Scheduler scheduler) => SchedulerName.Of(scheduler)?.Title ?? "the checkpoint's own";

    private static void Entry(StringBuilder html, string name, string value)
    {
        if (value.Length > 0)
            html.Append(CultureInfo.InvariantCulture, $"<dt>{HtmlText.Encode(name)}</dt><dd>{HtmlText.Encode(value)}</dd>");
    }

    private static string Css()
    {
        using var stream = typeof(ResultPage).Assembly.GetManifestResourceStream("page.css")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}

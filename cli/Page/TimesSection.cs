using System.Globalization;
using System.Text;
using Realign.Cli.Realigning;
using Realign.V1;

namespace Realign.Cli.Page;

/// <summary>Where the time went: a row per stage, or with several attempts a row per attempt with its stages.</summary>
internal static class TimesSection
{
    public static void Append(StringBuilder html, RealignRecord record)
    {
        var total = Math.Max(1, record.Result.TotalMilliseconds);
        var isOne = record.Attempts.Count <= 1;
        html.Append("""<section class="card"><h2>Where the time went</h2><div class="chart">""");
        foreach (var row in record.Result.Timings.GroupBy(timing => isOne ? NameOf(record, timing) : FormattableString.Invariant($"attempt {timing.Attempt}")))
        {
            var took = row.Max(timing => timing.StartMilliseconds + timing.DurationMilliseconds) - row.Min(timing => timing.StartMilliseconds);
            html.Append($"""<span>{row.Key}</span><span class="track">""");
            foreach (var timing in row)
            {
                var (left, width) = (100 * timing.StartMilliseconds / total, 100 * timing.DurationMilliseconds / total);
                html.Append(CultureInfo.InvariantCulture, $"""
                    <i class="{Class(timing.Stage)}" style="left:{left:0.###}%;width:{width:0.###}%"
                    title="{StageBars.NameOf(timing.Stage)}: {timing.DurationMilliseconds:0} ms"></i>
                    """);
            }

            html.Append(CultureInfo.InvariantCulture, $"""</span><span class="n">{took:0} ms</span>""");
        }

        html.Append(CultureInfo.InvariantCulture, $"""
            </div><p class="soft legend"><span><i class="dot draw"></i>drawing</span><span><i class="dot read"></i>reading</span>
            <span><i class="dot verify"></i>verifying</span><span>The whole call took {total:0} ms.</span></p></section>
            """);
    }

    // VERIFY comes twice
    private static string NameOf(RealignRecord record, StageTiming timing)
    {
        var same = record.Result.Timings.Where(other => other.Stage == timing.Stage).ToList();
        return same.Count < 2 ? StageBars.NameOf(timing.Stage) : FormattableString.Invariant($"{StageBars.NameOf(timing.Stage)} {same.IndexOf(timing) + 1}");
    }

    private static string Class(Stage stage) => stage switch
    {
        Stage.Coarse or Stage.Refine => "draw",
        Stage.Verify => "verify",
        _ => "read",
    };
}

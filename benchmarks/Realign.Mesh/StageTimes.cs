using System.Diagnostics;
using Realign.V1;
using EventCase = Realign.V1.RealignResponse.EventOneofCase;

namespace Realign.MeshBenchmark;

/// <summary>Warm Realign calls: seconds, the share of each stage, and what the Gateway adds.</summary>
internal static class StageTimes
{
    private static readonly Stage[] CriticalPath = [Stage.Coarse, Stage.Tag, Stage.Scene, Stage.Segment, Stage.Refine];

    public static async Task MeasureAsync(MeshUnderTest mesh, Report report, int runs)
    {
        var (wall, total, overStages, overWork) = (new Samples(), new Samples(), new Samples(), new Samples());
        var stages = Enum.GetValues<Stage>().Where(stage => stage != Stage.Unspecified).ToDictionary(stage => stage, _ => new Samples());
        for (var warm = 0; warm < 3; warm++)
            _ = await mesh.RealignAsync(0);
        for (var run = 0; run < runs; run++)
        {
            var watch = Stopwatch.StartNew();
            var events = await mesh.RealignAsync(0);
            wall.Add(watch.Elapsed.TotalMilliseconds);
            var result = events[^1].Result;
            total.Add(result.TotalMilliseconds);
            overStages.Add(result.TotalMilliseconds / result.Timings.Where(timing => CriticalPath.Contains(timing.Stage))
                .Sum(timing => timing.DurationMilliseconds));
            overWork.Add(result.TotalMilliseconds / events.Sum(WorkMilliseconds));
            foreach (var timing in result.Timings)
                stages[timing.Stage].Add(timing.DurationMilliseconds);
        }

        var sum = CriticalPath.Where(stage => stages[stage].Count > 0).Sum(stage => stages[stage].Median);
        report.Table($"Realign, {runs} warm calls", ["", "min ms", "median ms", "share of the critical path"],
        [
            ["whole call, seen by the client", Report.Number(wall.Minimum), Report.Number(wall.Median), ""],
            ["whole call, seen by the Gateway", Report.Number(total.Minimum), Report.Number(total.Median), ""],
            .. stages.Where(entry => entry.Value.Count > 0).Select(entry => (string[])[entry.Key.ToString().ToLowerInvariant(),
                Report.Number(entry.Value.Minimum),
                Report.Number(entry.Value.Median), CriticalPath.Contains(entry.Key) ? Report.Number(100 * entry.Value.Median / sum) + " %"
                    : "beside the tags and what follows them"]),
        ]);
        report.Table("What the Gateway adds", ["ratio", "min", "median", "goal"],
        [
            ["total / sum of the stages on the critical path", Report.Number(overStages.Minimum, "0.000"), Report.Number(overStages.Median, "0.000"), "1.03"],
            ["total / sum of the work the services themselves report", Report.Number(overWork.Minimum, "0.000"), Report.Number(overWork.Median, "0.000"),
                "none"],
        ]);
    }

    /// <summary>What a service on the critical path says it did.</summary>
    private static double WorkMilliseconds(RealignResponse response) => (response.EventCase switch
    {
        EventCase.Coarse => response.Coarse.Timings,
        EventCase.Tags => response.Tags.Timings,
        EventCase.Scene => response.Scene.Timings,
        EventCase.Segments => response.Segments.Timings,
        EventCase.Refined => response.Refined.Timings,
        _ => [],
    }).Sum(timing => timing.Milliseconds);
}

using System.Diagnostics;
using Grpc.Core;

namespace Realign.MeshBenchmark;

/// <summary>
/// A caller of Realign leaves while the coarse image is drawn. How long until the Generator begins other work? The other work waits in its
/// queue, and says "step 0" when it begins: that includes its own way there and its text encoding, so the time is an upper bound.
/// </summary>
internal static class CancelTime
{
    private const int ManySteps = 999;

    public static async Task MeasureAsync(MeshUnderTest mesh, Report report, int tries)
    {
        var (idle, unhindered, step) = (new Samples(), new Samples(), new Samples());
        for (var attempt = 0; attempt < tries; attempt++)
        {
            unhindered.Add(await BeginAsync(mesh));
            using var cancel = new CancellationTokenSource();
            var request = MeshUnderTest.Request((ulong)attempt);
            request.NumInferenceSteps = ManySteps;
            using var call = mesh.Gateway.Realign(new V1.RealignRequest { Generate = request }, cancellationToken: cancel.Token);
            var last = Stopwatch.GetTimestamp();
            // another place of the loop each time
            var stopAt = 5 + (attempt % 7);
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
            {
                if (call.ResponseStream.Current.Progress is not { Step: > 0 } progress)
                    continue;
                if (progress.Step > 2)
                    step.Add(Stopwatch.GetElapsedTime(last).TotalMilliseconds);
                last = Stopwatch.GetTimestamp();
                if (progress.Step >= stopAt)
                    break;
            }

            var begun = BeginAsync(mesh, cancel);
            idle.Add(await begun);
            try
            {
                while (await call.ResponseStream.MoveNext(CancellationToken.None))
                {
                }
            }
            catch (RpcException failure) when (failure.StatusCode == StatusCode.Cancelled)
            {
                // as it should be
            }
        }

        var goal = step.Median + 100;
        report.Table($"Cancel while denoising, {tries} tries", ["", "min ms", "median ms", "p99 ms", "goal"],
        [
            ["one denoising step", Report.Number(step.Minimum), Report.Number(step.Median), Report.Number(step.Percentile(99)), ""],
            ["other work begins on an idle Generator", Report.Number(unhindered.Minimum), Report.Number(unhindered.Median),
                Report.Number(unhindered.Percentile(99)), ""],
            ["other work begins after a cancel", Report.Number(idle.Minimum), Report.Number(idle.Median), Report.Number(idle.Percentile(99)),
                $"p99 at most {Report.Number(goal)}"],
        ]);
    }

    /// <summary>Milliseconds from the cancel (or from now) until a drawing of one step begins.</summary>
    private static async Task<double> BeginAsync(MeshUnderTest mesh, CancellationTokenSource? cancel = null)
    {
        var request = MeshUnderTest.Request(0);
        request.NumInferenceSteps = 1;
        var start = Stopwatch.GetTimestamp();
        cancel?.Cancel();
        using var call = mesh.Generator.Generate(request);
        var begun = 0.0;
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            if (call.ResponseStream.Current.Progress is { Step: 0 })
                begun = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        return begun;
    }
}

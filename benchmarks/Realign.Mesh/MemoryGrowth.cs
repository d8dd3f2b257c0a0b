namespace Realign.MeshBenchmark;

/// <summary>Resident memory of each service over many calls.</summary>
internal static class MemoryGrowth
{
    private const int Warm = 20;

    public static async Task MeasureAsync(MeshUnderTest mesh, Report report, int calls)
    {
        for (var call = 0; call < Warm; call++)
            _ = await mesh.RealignAsync((ulong)call);
        var start = mesh.Memory();
        for (var call = 0; call < calls; call++)
        {
            _ = await mesh.RealignAsync((ulong)call);
            if (call == (calls / 2) - 1)
                report.Line($"after {call + 1} calls: {string.Join(", ", mesh.Memory().Select(entry => $"{entry.Service} {Report.MiB(entry.Resident)}"))} MiB");
        }

        var end = mesh.Memory();
        report.Table($"Memory over {calls} Realign calls, after {Warm} to warm up", ["service", "before MiB", "after MiB", "growth", "peak MiB", "goal"],
            start.Zip(end, (before, after) => (string[])[before.Service, Report.MiB(before.Resident), Report.MiB(after.Resident),
                Report.Number(100.0 * (after.Resident - before.Resident) / before.Resident, "+0.0;-0.0;0.0") + " %", Report.MiB(after.Peak), "at most 2 %"]));
    }
}

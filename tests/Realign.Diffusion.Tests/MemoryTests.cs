using System.Globalization;
using Realign.Core.Images;
using Realign.Core.Memory;
using Realign.Diffusion.FineStage;
using Realign.Diffusion.Generation;
using Realign.Diffusion.Adapters;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Snapshots;
using Realign.Diffusion.TextualInversion;
using Realign.Testing;
using Realign.Torch;
using Shouldly;
using Xunit;

namespace Realign.Diffusion.Tests;

/// <summary>Peak memory of the fine stage beside that of a plain run.</summary>
public sealed class MemoryTests : IDisposable
{
    private readonly StableDiffusionPipeline _pipeline;
    private readonly ImageGenerator _generator;

    public MemoryTests()
    {
        TorchRuntime.Initialize(0);
        _pipeline = StableDiffusionSnapshot.Load(Checkout.Miniature("generator"), TorchPlacement.Cpu);
        _generator = new ImageGenerator(_pipeline, new AdapterFolder(null), new EmbeddingFolder(null), long.MaxValue);
        // one-time allocations belong to none of them
        _ = Peak(64, null, heatMaps: true);
        _ = Peak(64, Segment(64), heatMaps: false);
    }

    [Theory]
    [InlineData(512, false)]
    [InlineData(512, true)]
    [InlineData(768, false)]
    public void FineStage_TakesAtMostAQuarterMoreThanAPlainRun(int side, bool heatMaps)
    {
        var plain = Peak(side, null, heatMaps: false);

        var fine = Peak(side, Segment(side), heatMaps);

        fine.ShouldBeLessThan(plain * 5 / 4, $"plain {plain >> 20} MiB, fine stage {fine >> 20} MiB");
    }

    // what is estimated is the most: how much of it malloc's gaps take differs, up to half may be left over, nothing may be missing
    [Theory]
    [InlineData(512)]
    [InlineData(768)]
    public void Estimate_IsWhatAPixelTakes(int side)
    {
        var estimate = PixelBudget.For(_pipeline, 0).BytesPerPixel;

        // a run that finds gaps of an earlier one takes less
        var perPixel = Math.Max(Peak(side, Segment(side), heatMaps: true), Peak(side, Segment(side), heatMaps: true)) / ((double)side * side);

        perPixel.ShouldBeInRange(estimate / 2.0, estimate, $"measured {perPixel:0} bytes per pixel, estimated {estimate}");
    }

    public void Dispose() => _generator.Dispose();

    private static FineStageRequest Segment(int side) => new()
    {
        Regions = [new PhraseRegion("a red car", 2, new MaskRuns(side, side, [0, (uint)(side * side / 2), (uint)(side * side / 2)]))],
        Options = new ModulationOptions { StepFraction = 1 },
    };

    // most memory the process held during one step and the decoding, less what it held before
    private long Peak(int side, FineStageRequest? fineStage, bool heatMaps)
    {
        GC.WaitForPendingFinalizers();
        ProcessMemory.GiveBack();
        // 5 sets the peak back to what is held now
        File.WriteAllText("/proc/self/clear_refs", "5");
        var before = Status("VmRSS");
        _ = _generator.Generate(new GenerationRequest
        {
            Prompt = new PromptRequest { Prompts = ["a red car and a green apple"] },
            Seeds = [7],
            NumInferenceSteps = 1,
            GuidanceScale = 4,
            Width = side,
            Height = side,
            FineStage = fineStage,
            HeatMaps = heatMaps,
        }, new RecordingListener(), null, TestContext.Current.CancellationToken);
        return Status("VmHWM") - before;
    }

    private static long Status(string name) => 1024 * long.Parse(
        File.ReadLines("/proc/self/status").First(line => line.StartsWith(name, StringComparison.Ordinal)).Split(':')[1].Replace("kB", "",
            StringComparison.Ordinal),
        CultureInfo.InvariantCulture);
}

using Realign.Core.Images;
using Realign.Diffusion.FineStage;
using Realign.Diffusion.Pipelines;
using Shouldly;
using Xunit;

namespace Realign.Diffusion.Tests;

/// <summary>Masks over pictures of other sizes.</summary>
public sealed class SegmentMasksTests(Miniature miniature) : IClassFixture<Miniature>
{
    // 32 masks took half a gigabyte at this size
    [Fact]
    public void Prepare_ManyMasksOfALargePicture_TakesTheMemoryOfFew()
    {
        const int Side = 2048;
        var request = new FineStageRequest
        {
            Regions = [.. Enumerable.Range(0, 32).Select(i => new PhraseRegion("a red car", 2, new MaskRuns(1, 1, [0, 1])))],
        };
        _ = FineStagePlan.Prepare(request, miniature.Pipeline.Prompts.Tower, new PromptRequest { Prompts = ["a red car"] }, 64, 64);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var plan = FineStagePlan.Prepare(request, miniature.Pipeline.Prompts.Tower, new PromptRequest { Prompts = ["a red car"] }, Side, Side);
        using var modulator = plan.CreateModulator(Side / 8, Side / 8, 1000, TorchSharp.torch.CPU);

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(8L * Side * Side);
        plan.Reports[0].Area.ShouldBe(1);
    }
}

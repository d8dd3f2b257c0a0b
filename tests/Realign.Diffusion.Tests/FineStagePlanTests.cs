using Realign.Core.Images;
using Realign.Diffusion.FineStage;
using Realign.Diffusion.Pipelines;
using Shouldly;
using Xunit;

namespace Realign.Diffusion.Tests;

/// <summary>Where the regions of a request end up in the picture.</summary>
public sealed class FineStagePlanTests(Miniature miniature) : IClassFixture<Miniature>
{
    private const int Side = 2048;

    [Fact]
    public void ManyMasksOfOnePixel_CostLittleWhateverTheSizeOfThePicture()
    {
        var request = new FineStageRequest { Regions = [.. Enumerable.Range(0, 32).Select(_ => new PhraseRegion("red car", 1, new MaskRuns(1, 1, [0, 1])))] };
        var before = GC.GetAllocatedBytesForCurrentThread();

        var plan = FineStagePlan.Prepare(request, miniature.Pipeline.Prompts.Tower, new PromptRequest { Prompts = ["a red car"] }, Side, Side);

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(Side * Side);
        plan.Reports[0].Area.ShouldBe(1);
        plan.Reports.Skip(1).ShouldAllBe(report => report.IgnoredBecause == "other segments cover all of it");
    }

    [Fact]
    public void OverlapOfTwoMasks_GoesToTheLargerScore()
    {
        var request = new FineStageRequest
        {
            Regions = [new PhraseRegion("red car", 1, new MaskRuns(2, 1, [0, 2])), new PhraseRegion("green apple", 2, new MaskRuns(2, 1, [1, 1]))],
        };

        var plan = FineStagePlan.Prepare(request, miniature.Pipeline.Prompts.Tower, new PromptRequest { Prompts = ["a red car and a green apple"] }, 64, 64);

        plan.Reports.Select(report => report.Area).ShouldBe([0.5, 0.5]);
    }
}

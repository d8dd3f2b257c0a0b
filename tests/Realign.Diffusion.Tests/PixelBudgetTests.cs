using Realign.Diffusion.Generation;
using Shouldly;
using Xunit;

namespace Realign.Diffusion.Tests;

/// <summary>How large a call may be on a machine.</summary>
public sealed class PixelBudgetTests(Miniature miniature) : IClassFixture<Miniature>
{
    [Fact]
    public void For_MuchMemory_IsFourLargeImages() =>
        PixelBudget.For(miniature.Pipeline, 64L << 30).MaxPixels.ShouldBe(4 * 1024 * 1024);

    [Fact]
    public void For_LittleMemory_IsWhatHalfOfItHolds()
    {
        var budget = PixelBudget.For(miniature.Pipeline, 768L << 20);

        budget.MaxPixels.ShouldBeInRange(256 * 256, 512 * 512);
        (budget.MaxPixels * budget.BytesPerPixel).ShouldBeLessThanOrEqualTo(384L << 20);
    }

    [Fact]
    public void For_NoMemory_IsOneImageOfTheCheckpointsSize() => PixelBudget.For(miniature.Pipeline, 0).MaxPixels.ShouldBe(64 * 64);
}

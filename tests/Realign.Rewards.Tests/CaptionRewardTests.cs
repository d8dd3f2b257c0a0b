using Realign.Core.Errors;
using Shouldly;
using Xunit;

namespace Realign.Rewards.Tests;

/// <summary>Eq. 4 and what is reported beside it.</summary>
public sealed class CaptionRewardTests
{
    [Theory]
    [InlineData(new[] { 1.0, 0 }, new[] { 3.0, 4 }, 0.6)]
    [InlineData(new[] { 2.0, 0 }, new[] { -5.0, 0 }, -1)]
    [InlineData(new[] { 0.1, 0.1, 0.1 }, new[] { 0.3, 0.3, 0.3 }, 1)]
    public void Cosine_OfTwoDirections_IsBetweenMinusOneAndOne(double[] caption, double[] prompt, double expected)
    {
        var cosine = CaptionReward.Cosine(caption, prompt);

        cosine.ShouldBe(expected, 1e-12);
        Math.Abs(cosine).ShouldBeLessThanOrEqualTo(1);
    }

    [Fact]
    public void Cosine_WithoutDirection_IsNotANumber() => CaptionReward.Cosine([0, 0], [1, 0]).ShouldBe(double.NaN);

    [Fact]
    public void Cosine_OfDifferentWidths_IsRefused() => Should.Throw<ArgumentException>(() => CaptionReward.Cosine([1, 0], [1, 0, 0]));

    [Fact]
    public void Centered_IsZeroForAnUnrelatedCaption_AndOneForThePromptItself()
    {
        List<double[]> prompts = [[1, 0], [0.6, 0.8], [0.6, -0.8]];

        var baseline = CaptionReward.Baseline(prompts, prompts, [(0, 1), (0, 2)]);

        baseline.ShouldBe(0.6, 1e-12);
        CaptionReward.Center(0.6, baseline).ShouldBe(0, 1e-12);
        CaptionReward.Center(1, baseline).ShouldBe(1, 1e-12);
    }

    [Fact]
    public void Baseline_OfAPromptWithItself_IsRefused()
    {
        List<double[]> prompts = [[1, 0], [0, 1]];

        Should.Throw<InvalidInputException>(() => CaptionReward.Baseline(prompts, prompts, [(1, 1)])).Field.ShouldBe("pairs");
        Should.Throw<InvalidInputException>(() => CaptionReward.Baseline(prompts, prompts, [(0, 2)])).Field.ShouldBe("pairs");
        Should.Throw<InvalidInputException>(() => CaptionReward.Baseline(prompts, prompts, [])).Field.ShouldBe("pairs");
    }

    [Fact]
    public void Remove_TakesTheShareOfTheCommonDirection()
    {
        double[] direction = FeatureDirection.Mean([[2, 1], [2, -1]]);

        direction.ShouldBe([1, 0], 1e-12);
        FeatureDirection.Remove([3, 4], direction, 0.7).ShouldBe([0.6 * 0.3, 0.8], 1e-12);
        FeatureDirection.Remove([3, 4], direction, 1)[0].ShouldBe(0, 1e-12);
        FeatureDirection.Score([0, 2], [0.18, 0.8]).ShouldBe(0.8, 1e-12);
    }
}

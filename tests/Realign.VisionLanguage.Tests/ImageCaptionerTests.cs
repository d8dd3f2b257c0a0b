using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Testing;
using Realign.Torch;
using Realign.VisionLanguage.Captioning;
using Realign.VisionLanguage.Generation;
using Realign.VisionLanguage.Scoring;
using Shouldly;
using Xunit;

namespace Realign.VisionLanguage.Tests;

/// <summary>The miniature captioner: captions, likelihoods, what it says about texts it cannot read whole.</summary>
public sealed class ImageCaptionerTests : IDisposable
{
    private readonly ImageCaptioner _captioner =
        ImageCaptioner.Load(Checkout.Miniature("captioner"), TorchPlacement.Cpu, TestContext.Current.CancellationToken);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Describe_OfARedBall_SaysRed_AndEndsByItself(int beams)
    {
        var found = Describe(Ball.Picture(), "", new GenerationOptions { NumBeams = beams });

        found.Caption.ShouldContain("red");
        found.Finished.ShouldBeTrue();
        found.NumTokens.ShouldBeGreaterThan(2);
        found.MeanLogProbability.ShouldBeInRange(-3, 0);
    }

    [Fact]
    public void Describe_WithRoomForTwoTokens_SaysThatItIsNotFinished()
    {
        var found = Describe(Ball.Picture(), "", new GenerationOptions { MaxNewTokens = 2 });

        found.NumTokens.ShouldBe(2);
        found.Finished.ShouldBeFalse();
    }

    [Fact]
    public void Describe_ContinuesThePrompt_AndCountsItsTokens()
    {
        var empty = Describe(Ball.Picture(), "", new GenerationOptions());
        var prompted = Describe(Ball.Picture(), "a", new GenerationOptions());

        prompted.NumPromptTokens.ShouldBe(empty.NumPromptTokens + 1);
        prompted.Caption.ShouldStartWith("red");
    }

    [Fact]
    public void Describe_WithAPromptThatLeavesNoRoom_IsRefused() =>
        Should.Throw<InvalidInputException>(() => Describe(Ball.Picture(), string.Concat(Enumerable.Repeat("a red car ", 100)), new GenerationOptions()))
            .Field.ShouldBe("prompt");

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Describe_WithoutFiniteProbabilities_IsRefused(int beams) =>
        Should.Throw<FailedPreconditionException>(() => Describe(Ball.Picture(pixels => pixels[7] = float.NaN), "", new GenerationOptions { NumBeams = beams }))
            .Field.ShouldBe("image");

    [Fact]
    public void Likelihood_OfTheTrainedModel_GivesItsNumbers() =>
        Score("a red apple", "a blue book", "a red car").Select(pair => pair.Score).ShouldBe([-1.263f, -4.095f, -1.224f], 2e-2);

    [Fact]
    public void Likelihood_PrefersTheTruth()
    {
        var scores = Score("a red apple", "a blue book", "a green horse to the left of a purple clock").Select(pair => pair.Score).ToList();

        scores.ShouldBe(scores.OrderDescending());
        scores.ShouldAllBe(score => score < 0);
    }

    [Fact]
    public void Likelihood_OfALongPrompt_ReportsWhatWasCut()
    {
        var scored = Score("a red car", $"{string.Concat(Enumerable.Repeat("a red car and ", 12))}a purple elephant");

        scored[0].Prompt.Truncated.ShouldBeEmpty();
        scored[0].Prompt.NumTokens.ShouldBe(scored[0].NumTokens + 1);
        scored[1].Prompt.NumTokens.ShouldBe(32);
        scored[1].Prompt.Truncated.ShouldEndWith("a purple elephant");
    }

    [Fact]
    public void Likelihood_OfManyPairs_EqualsTheOneOfEach_AndLeavesNoTensors()
    {
        // more pairs than one batch, texts of several lengths
        string[] prompts = [.. Enumerable.Range(0, 10).Select(i => string.Join(" and ", Enumerable.Repeat("a red car", (i % 3) + 1)))];
        _ = Score(prompts[0]);
        var before = TorchSharp.torch.Tensor.TotalCount;

        var together = Score(prompts);
        var alone = prompts.Select(prompt => Score(prompt)[0]).ToList();

        together.Select(pair => pair.Score).ShouldBe(alone.Select(pair => pair.Score), 1e-4);
        together.Select(pair => pair.NumTokens).ShouldBe(alone.Select(pair => pair.NumTokens));
        TorchSharp.torch.Tensor.TotalCount.ShouldBe(before);
    }

    [Fact]
    public void Gradient_PointsUphill()
    {
        var pair = new PicturePrompt(Ball.Picture(), "a red apple");
        var scored = _captioner.ScoreLikelihood([pair], gradient: true, TestContext.Current.CancellationToken)[0];
        var norm = Math.Sqrt(scored.Gradient!.Sum(value => (double)value * value));

        var moved = Ball.Picture(pixels =>
        {
            for (var i = 0; i < pixels.Length; i++)
                pixels[i] += (float)(0.05 * scored.Gradient![i] / norm);
        });

        _captioner.ScoreLikelihood([new PicturePrompt(moved, "a red apple")], gradient: false, TestContext.Current.CancellationToken)[0].Score
            .ShouldBeGreaterThan(scored.Score);
    }

    [Fact]
    public void LeftCaller_IsNotServed()
    {
        using var left = new CancellationTokenSource();
        left.Cancel();

        Should.Throw<OperationCanceledException>(() => _captioner.Describe(Ball.Picture(), "", new GenerationOptions(), left.Token));
        Should.Throw<OperationCanceledException>(() => _captioner.ScoreLikelihood([new PicturePrompt(Ball.Picture(), "a")], gradient: false, left.Token));
    }

    public void Dispose() => _captioner.Dispose();

    private CaptionedPicture Describe(Picture picture, string prompt, GenerationOptions options) =>
        _captioner.Describe(picture, prompt, options, TestContext.Current.CancellationToken);

    private IReadOnlyList<ScoredPair> Score(params string[] prompts) => _captioner.ScoreLikelihood(
        [.. prompts.Select(prompt => new PicturePrompt(Ball.Picture(), prompt))], gradient: false, TestContext.Current.CancellationToken);
}

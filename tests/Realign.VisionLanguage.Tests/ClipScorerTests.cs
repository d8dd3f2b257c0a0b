using Realign.Testing;
using Realign.Torch;
using Realign.VisionLanguage.Captioning;
using Realign.VisionLanguage.Scoring;
using Shouldly;
using Xunit;

namespace Realign.VisionLanguage.Tests;

/// <summary>The miniature CLIP: text features, cosines, what it says about texts it cannot read whole.</summary>
public sealed class ClipScorerTests : IDisposable
{
    private readonly ClipScorer _clip = ClipScorer.Load(Checkout.Miniature("clip"), TorchPlacement.Cpu, TestContext.Current.CancellationToken);

    [Fact]
    public void Cosine_PrefersTheTruth_AndIsACosine()
    {
        var scores = Score("a red apple", "a blue book").Select(pair => pair.Score).ToList();

        scores[0].ShouldBeGreaterThan(scores[1]);
        scores.ShouldAllBe(score => score >= -1 && score <= 1);
    }

    [Fact]
    public void EmbedText_OfTheTrainedModel_GivesItsNumbers()
    {
        var embedded = _clip.EmbedText(["a red car"], TestContext.Current.CancellationToken);

        embedded.Rows[..4].ShouldBe([0.04309f, 0.11845f, 0.11467f, -0.01079f], 1e-3);
    }

    [Fact]
    public void EmbedText_ReturnsUnitRows_AndSaysWhatItRead()
    {
        string[] texts = ["a red car", $"{string.Concat(Enumerable.Repeat("a red car and ", 12))}a purple elephant"];

        var embedded = _clip.EmbedText(texts, TestContext.Current.CancellationToken);

        embedded.Rows.Length.ShouldBe(2 * embedded.Dimension);
        embedded.Rows.Chunk(embedded.Dimension).ShouldAllBe(row => Math.Abs(row.Sum(value => (double)value * value) - 1) < 1e-5);
        embedded.Readings[0].ShouldBe(new Generation.TextReading(5, ""));
        embedded.Readings[1].NumTokens.ShouldBe(32);
        embedded.Readings[1].Truncated.ShouldEndWith("a purple elephant");
    }

    [Fact]
    public void EmbedText_OfTwoTextsAlikeUpToTheCut_IsTheSame()
    {
        var start = string.Concat(Enumerable.Repeat("a red car and ", 12));

        var rows = _clip.EmbedText([$"{start}a purple elephant", $"{start}a green clock"], TestContext.Current.CancellationToken);

        rows.Rows[..rows.Dimension].ShouldBe(rows.Rows[rows.Dimension..], 1e-5);
        rows.Readings[0].Truncated.ShouldNotBe(rows.Readings[1].Truncated);
    }

    [Fact]
    public void Score_OfALongPrompt_ReportsWhatWasCut()
    {
        var scored = Score($"{string.Concat(Enumerable.Repeat("a red car and ", 12))}a purple elephant")[0];

        scored.Prompt.NumTokens.ShouldBe(32);
        scored.Prompt.Truncated.ShouldEndWith("a purple elephant");
        scored.NumTokens.ShouldBe(0);
    }

    public void Dispose() => _clip.Dispose();

    private IReadOnlyList<ScoredPair> Score(params string[] prompts) => _clip.Score(
        [.. prompts.Select(prompt => new PicturePrompt(Ball.Picture(), prompt))], gradient: false, TestContext.Current.CancellationToken);
}

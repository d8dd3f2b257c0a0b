using Realign.Rewards.Tensors;
using Realign.Torch;
using Shouldly;
using Xunit;
using static TorchSharp.torch;

namespace Realign.Rewards.Tests;

/// <summary>The differentiable rules, against arithmetic done by hand.</summary>
public sealed class TensorRuleTests
{
    [Fact]
    public void Cosine_AgreesWithTheOneOfNumbers()
    {
        using var scope = NewDisposeScope();
        var (left, right) = (rand(5, 8), rand(5, 8));

        var cosines = FeatureCosine.Of(left, right).ToSingles();

        for (var row = 0; row < 5; row++)
            ((double)cosines[row]).ShouldBe(CaptionReward.Cosine(Row(left, row), Row(right, row)), 1e-6);

        static double[] Row(Tensor features, int row) => [.. features[row].ToSingles().Select(value => (double)value)];
    }

    [Fact]
    public void Normalize_AnyRows_HaveLengthOne()
    {
        using var scope = NewDisposeScope();
        FeatureCosine.Normalize(tensor(new float[] { 3, 4, 0, 2 }, [2, 2])).ToSingles().ShouldBe([0.6f, 0.8f, 0, 1], 1e-6f);
        FeatureCosine.Normalize(zeros(1, 2)).ToSingles().ShouldAllBe(value => float.IsNaN(value));
    }

    [Fact]
    public void Likelihood_CountsScoredTokensOnly_PerText()
    {
        using var scope = NewDisposeScope();
        // two tokens at even odds, or 3 to 1
        var logits = tensor(new[] { 0f, 0, MathF.Log(3), 0, 0, 0, 0, 0 }, [2, 2, 2]);
        var tokens = PromptLikelihood.TokenLogProbabilities(logits, tensor(new long[] { 0, 0, 1, 1 }, [2, 2]));
        var mask = tensor(new float[] { 1, 1, 0, 1 }, [2, 2]);

        PromptLikelihood.Mean(tokens, mask).ToSingles().ShouldBe([(MathF.Log(0.5f) + MathF.Log(0.75f)) / 2, MathF.Log(0.5f)], 1e-6f);
        PromptLikelihood.Sum(tokens, mask).ToSingles().ShouldBe([MathF.Log(0.5f) + MathF.Log(0.75f), MathF.Log(0.5f)], 1e-6f);
        PromptLikelihood.MeanOverBatch(tokens, mask).item<float>().ShouldBe(((2 * MathF.Log(0.5f)) + MathF.Log(0.75f)) / 3, 1e-6f);
        PromptLikelihood.Mean(tokens, zeros(2, 2)).ToSingles().ShouldBe([0, 0]);
    }

    [Fact]
    public void Smoothing_MixesTheWholeVocabulary()
    {
        using var scope = NewDisposeScope();
        var logits = tensor(new[] { MathF.Log(3), 0 }, [1, 1, 2]);

        var smoothed = PromptLikelihood.TokenLogProbabilities(logits, tensor(new long[] { 0 }, [1, 1]), 0.1);

        smoothed.item<float>().ShouldBe((0.9f * MathF.Log(0.75f)) + (0.1f * (MathF.Log(0.75f) + MathF.Log(0.25f)) / 2), 1e-6f);
    }

    [Fact]
    public void TokenOutsideTheVocabulary_NeverReachesNativeCode()
    {
        using var scope = NewDisposeScope();
        Should.Throw<ArgumentOutOfRangeException>(() => PromptLikelihood.TokenLogProbabilities(zeros(1, 1, 2), tensor(new long[] { 2 }, [1, 1])));
    }

    [Fact]
    public void Contrast_IsDecidedByTheBestQuery()
    {
        using var scope = NewDisposeScope();
        var queries = tensor(new float[] { 0, 2, 3, 4 }, [1, 2, 2]).requires_grad_();

        var score = ContrastiveReward.Score(queries, tensor(new float[] { 1, 0 }, [1, 2]));
        score.backward();

        score.ToSingles().ShouldBe([0.6f], 1e-6f);
        var gradient = queries.grad!.ToSingles();
        gradient[..2].ShouldBe([0, 0]);
        gradient[2].ShouldBeGreaterThan(0);
    }

    [Fact]
    public void ScoreFunction_OverAllSamples_IsTheEnumeratedGradient()
    {
        using var scope = NewDisposeScope();
        var rewards = tensor(new[] { 1f, -2f });
        var exact = tensor(new[] { 0.3f, -0.4f }).requires_grad_();
        exact.softmax(-1).mul(rewards).sum().neg().backward();

        // every pair of samples with its probability: the expectation of the estimator
        var sampled = tensor(new[] { 0.3f, -0.4f }).requires_grad_();
        var odds = sampled.detach().softmax(-1).ToSingles();
        var expectation = zeros(1);
        foreach (var (first, second) in new[] { (0, 0), (0, 1), (1, 0), (1, 1) })
        {
            var index = tensor(new long[] { first, second });
            var loss = ScoreFunction.Loss(sampled.log_softmax(-1).index_select(0, index), rewards.index_select(0, index));
            expectation = expectation.add(loss.mul(Scalars.Of(odds[first] * odds[second])));
        }

        expectation.sum().backward();
        sampled.grad!.ToSingles().ShouldBe(exact.grad!.ToSingles(), 1e-6f);
    }

    [Fact]
    public void Baselines_LeaveTheSampleItselfOut()
    {
        using var scope = NewDisposeScope();
        ScoreFunction.Baselines(tensor(new[] { 1f, 2, 6 })).ToSingles().ShouldBe([4, 3.5f, 1.5f]);
        Should.Throw<ArgumentException>(() => ScoreFunction.Baselines(tensor(new[] { 1f })));
    }

    [Fact]
    public void SoftCaption_IsTheCaptionInValue_AndTheDistributionInGradient()
    {
        using var scope = NewDisposeScope();
        var logits = tensor(new[] { 0f, 0, 0 }, [1, 1, 3]).requires_grad_();

        // the third token is unknown to the encoder
        var embedded = SoftCaption.Embed(SoftCaption.Tokens(logits, tensor(new long[] { 1 }, [1, 1])), tensor(new[] { 5f, 7 }, [2, 1]));
        embedded.sum().backward();

        embedded.item<float>().ShouldBe(7, 1e-6f);
        // d/dl of p0 * 5 + p1 * 7 at p = 1/3 each
        logits.grad!.ToSingles().ShouldBe([1f / 3, 1, -4f / 3], 1e-6f);
    }

    [Fact]
    public void Hinge_PushesTheRewardUp_UntilTheMargin()
    {
        using var scope = NewDisposeScope();
        var rewards = tensor(new[] { 0.2f, 1.5f }).requires_grad_();

        var loss = RewardHinge.Margin(rewards, margin: 1, scale: 2);
        loss.backward();

        loss.item<float>().ShouldBe(0.8f, 1e-6f);
        rewards.grad!.ToSingles().ShouldBe([-1, 0]);
        RewardHinge.Floor(tensor(new[] { 3f, 0.5f }), floor: 1, scale: 2).item<float>().ShouldBe(2, 1e-6f);
    }
}

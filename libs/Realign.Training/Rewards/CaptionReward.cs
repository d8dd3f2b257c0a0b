using Realign.Core.Errors;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Training.Rewards;

/// <summary>
/// The caption reward of RealignDiff (Eq. 4): the cosine of the encoded caption of an image and the encoded prompt. Its value is exact;
/// it has no gradient with respect to the image, because decoding a caption is piecewise constant.
/// </summary>
public static class CaptionReward
{
    /// <summary>Cosine of each pair, in -1..1. Differentiable in both.</summary>
    /// <param name="captionFeatures">(N, D)</param>
    /// <param name="promptFeatures">(N, D)</param>
    /// <returns>(N)</returns>
    public static Tensor Cosine(Tensor captionFeatures, Tensor promptFeatures)
    {
        RequirePairs(captionFeatures, promptFeatures);
        using var scope = NewDisposeScope();
        return Normalise(captionFeatures).mul(Normalise(promptFeatures)).sum(-1).MoveToOuterDisposeScope();
    }

    /// <summary>R0: the mean cosine of pairs of prompts that have nothing to do with each other. Unrelated captions are far above 0 in every encoder.</summary>
    /// <param name="promptFeatures">(N, D)</param>
    /// <param name="pairs">Indices of different prompts.</param>
    /// <exception cref="InvalidInputException">There are no pairs, or one names a prompt that is not there.</exception>
    public static double Baseline(Tensor promptFeatures, IReadOnlyList<(int First, int Second)> pairs)
    {
        var count = promptFeatures.shape[0];
        if (pairs.Count == 0 || pairs.Any(pair => pair.First < 0 || pair.First >= count || pair.Second < 0 || pair.Second >= count || pair.First == pair.Second))
        {
            throw new InvalidInputException("pairs", $"{pairs.Count} of {count} prompts", "pairs of different prompts are needed",
                "draw pairs of different indices of the prompts");
        }

        using var scope = NewDisposeScope();
        var wide = promptFeatures.to(ScalarType.Float64);
        var first = wide.index_select(0, tensor(pairs.Select(pair => (long)pair.First).ToArray(), device: wide.device));
        var second = wide.index_select(0, tensor(pairs.Select(pair => (long)pair.Second).ToArray(), device: wide.device));
        return Cosine(first, second).mean().item<double>();
    }

    /// <summary>(R - R0) / (1 - R0): 0 for an unrelated caption, 1 for the prompt itself.</summary>
    /// <param name="cosine">R.</param>
    /// <param name="baseline">R0, below 1.</param>
    public static Tensor Centre(Tensor cosine, double baseline)
    {
        if (!(baseline < 1))
            throw new InvalidInputException("baseline", baseline.ToString(), "is no mean cosine of different prompts", "use a value below 1");
        using var scope = NewDisposeScope();
        return cosine.sub(Scalars.Of(baseline)).div(Scalars.Of(1 - baseline)).MoveToOuterDisposeScope();
    }

    /// <summary>Mean direction of texts, unit length.</summary>
    /// <param name="features">(N, D)</param>
    /// <returns>(D)</returns>
    public static Tensor MeanDirection(Tensor features)
    {
        using var scope = NewDisposeScope();
        return Normalise(Normalise(features).mean([0])).MoveToOuterDisposeScope();
    }

    /// <summary>f - share (f.m) m, with f normalised and not normalised again: what LongAlign does against reward hacking of text encoders.</summary>
    /// <param name="features">(N, D)</param>
    /// <param name="direction">(D), unit length.</param>
    /// <param name="share">Share of the projection that is taken away, 0..1; LongAlign takes 0.7.</param>
    /// <returns>(N, D)</returns>
    public static Tensor WithoutDirection(Tensor features, Tensor direction, double share)
    {
        using var scope = NewDisposeScope();
        var unit = Normalise(features);
        return unit.add(unit.mul(direction).sum(-1, keepdim: true).mul(direction), alpha: Scalars.Of(-share)).MoveToOuterDisposeScope();
    }

    /// <summary>Dot product of unit captions with reduced prompts.</summary>
    /// <param name="captionFeatures">(N, D)</param>
    /// <param name="reducedPromptFeatures">(N, D) from <see cref="WithoutDirection"/>.</param>
    /// <returns>(N)</returns>
    public static Tensor ReducedScore(Tensor captionFeatures, Tensor reducedPromptFeatures)
    {
        RequirePairs(captionFeatures, reducedPromptFeatures);
        using var scope = NewDisposeScope();
        return Normalise(captionFeatures).mul(reducedPromptFeatures).sum(-1).MoveToOuterDisposeScope();
    }

    internal static Tensor Normalise(Tensor features) => features.div(features.mul(features).sum(-1, keepdim: true).sqrt().clamp_min(Scalars.Of(1e-12)));

    private static void RequirePairs(Tensor left, Tensor right)
    {
        if (left.dim() != 2 || !left.shape.SequenceEqual(right.shape))
            throw new ArgumentException($"expected two (N, D) tensors, got [{string.Join(", ", left.shape)}] and [{string.Join(", ", right.shape)}]");
    }
}

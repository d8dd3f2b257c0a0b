using Realign.Torch;
using Realign.VisionLanguage.Images;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Scoring;

/// <summary>Scores (picture, prompt) pairs in batches with one differentiable model.</summary>
/// <param name="images">Preprocessing of the model.</param>
/// <param name="device">Where the model is.</param>
internal sealed class PairScorer(IDifferentiableImages images, Device device)
{
    /// <summary>Scores all pairs; the graph of one batch is freed before the next begins.</summary>
    /// <param name="pairs">At least one pair.</param>
    /// <param name="score">(B, 3, S, S) pixels and the indices of their pairs -> (B) scores.</param>
    /// <param name="gradient">Whether gradients are wanted.</param>
    /// <param name="cancellationToken">Checked before every batch and before going back.</param>
    public List<(float Score, float[]? Gradient)> Score(
        IReadOnlyList<PicturePrompt> pairs, Func<Tensor, IReadOnlyList<int>, Tensor> score, bool gradient, CancellationToken cancellationToken)
    {
        var results = new List<(float Score, float[]? Gradient)>(pairs.Count);
        while (results.Count < pairs.Count)
        {
            var batch = NextBatch(pairs, results.Count);
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using var mode = set_grad_enabled(gradient);
            var leaves = batch.Select(index => pairs[index].Picture.ToTensor(device).requires_grad_(gradient)).ToList();
            var scores = score(cat([.. leaves.Select(images.Differentiable)]), batch);
            cancellationToken.ThrowIfCancellationRequested();
            if (gradient)
                autograd.backward([scores.sum()], inputs: leaves);
            var values = scores.ToSingles();
            results.AddRange(batch.Select((_, row) => (values[row], gradient ? leaves[row].grad!.ToSingles() : null)));
        }

        return results;
    }

    private static List<int> NextBatch(IReadOnlyList<PicturePrompt> pairs, int first)
    {
        var batch = new List<int>();
        long pixels = 0;
        for (var i = first; i < pairs.Count && batch.Count < PairBatch.MaxPairs; i++)
        {
            pixels += (long)pairs[i].Picture.Height * pairs[i].Picture.Width;
            if (batch.Count > 0 && pixels > PairBatch.MaxPixels)
                break;
            batch.Add(i);
        }

        return batch;
    }
}

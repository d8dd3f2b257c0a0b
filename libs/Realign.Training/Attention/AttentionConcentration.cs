using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Training.Attention;

/// <summary>
/// The two attention losses of CoMat (Jiang et al. 2024, after TokenCompose): the words of an entity should look at its mask. Entities
/// whose mask is empty are skipped: they would push the attention of a missing object to zero. Computed in float64.
/// </summary>
public static class AttentionConcentration
{
    private const double RatioGuard = 1e-6;
    private const double ProbabilityGuard = 1e-6;

    /// <summary>Masks at the size of a group: antialiased bilinear, then everything above 0, which dilates.</summary>
    /// <param name="masks">(N, H, W) of 0 and 1.</param>
    /// <param name="height">Rows wanted.</param>
    /// <param name="width">Columns wanted.</param>
    /// <returns>(N, height, width) of 0 and 1</returns>
    public static Tensor ResizeMasks(Tensor masks, int height, int width)
    {
        using var scope = NewDisposeScope();
        if (masks.shape[0] == 0)
            return zeros([0, height, width], dtype: masks.dtype).MoveToOuterDisposeScope();
        var resized = nn.functional.interpolate(masks.unsqueeze(1), [height, width], mode: InterpolationMode.Bilinear, align_corners: false, antialias: true);
        return resized.squeeze(1).gt(Scalars.Of(0)).to(masks.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>Token and pixel loss of one group of maps.</summary>
    /// <param name="maps">Attention after softmax of each layer, (heads, h, w, tokens), all of one size.</param>
    /// <param name="masks">(N, H, W) of the entities, at image size.</param>
    /// <param name="entities">Token positions of each entity.</param>
    /// <param name="asPublished">Neither guard nor clamp, and empty masks count: the behavior of the published code.</param>
    /// <returns>Two scalars in float64, 0 when no entity is kept</returns>
    public static (Tensor Token, Tensor Pixel) OfGroup(IReadOnlyList<Tensor> maps, Tensor masks, IReadOnlyList<IReadOnlyList<int>> entities,
        bool asPublished = false)
    {
        Check(maps, masks, entities);
        using var scope = NewDisposeScope();
        var wide = maps.Select(map => map.to(ScalarType.Float64)).ToList();
        var resized = ResizeMasks(masks, (int)maps[0].shape[1], (int)maps[0].shape[2]).to(ScalarType.Float64);
        var kept = Kept(masks, entities.Count, asPublished);

        // anchored to the maps, so that a group without entities has a gradient of zero rather than none
        var token = wide.Select(map => map.sum()).Aggregate((left, right) => left.add(right)).mul(Scalars.Of(0));
        var pixel = token.clone();
        var mean = stack([.. wide.Select(map => map.mean([0]))]).mean([0]);
        foreach (var n in kept)
        {
            var positions = tensor(entities[n].Select(position => (long)position).ToArray());
            var mask = resized[n];
            token = token.add(TokenLoss(wide, mask, positions, asPublished));
            pixel = pixel.add(PixelLoss(mean.index_select(2, positions).sum(-1), mask, asPublished));
        }

        var count = Math.Max(1, kept.Count);
        return (token.div(Scalars.Of(count)).MoveToOuterDisposeScope(), pixel.div(Scalars.Of(count)).MoveToOuterDisposeScope());
    }

    /// <summary>Indices of the entities that count.</summary>
    public static IReadOnlyList<int> Kept(Tensor masks, int entities, bool asPublished = false)
    {
        using var scope = NewDisposeScope();
        return [.. Enumerable.Range(0, entities).Where(n => asPublished || masks[n].gt(Scalars.Of(0)).any().item<bool>())];
    }

    private static Tensor TokenLoss(IReadOnlyList<Tensor> maps, Tensor mask, Tensor positions, bool asPublished)
    {
        var losses = maps.Select(map =>
        {
            var chosen = map.index_select(3, positions); // (heads, h, w, tokens of the entity)
            var inside = chosen.mul(mask.unsqueeze(-1)).sum([1, 2]);
            var all = chosen.sum([1, 2]);
            var share = inside.div(asPublished ? all : all.add(Scalars.Of(RatioGuard))).mean([0]);
            return share.neg().add(Scalars.Of(1)).square().sum();
        });
        return losses.Aggregate((left, right) => left.add(right)).div(Scalars.Of(positions.shape[0]));
    }

    private static Tensor PixelLoss(Tensor probability, Tensor mask, bool asPublished)
    {
        if (asPublished)
            return nn.functional.binary_cross_entropy(probability, mask);
        var limited = probability.clamp(Scalars.Of(ProbabilityGuard), Scalars.Of(1 - ProbabilityGuard));
        return mask.mul(limited.log()).add(mask.neg().add(Scalars.Of(1)).mul(limited.neg().log1p())).mean().neg();
    }

    private static void Check(IReadOnlyList<Tensor> maps, Tensor masks, IReadOnlyList<IReadOnlyList<int>> entities)
    {
        if (maps.Count == 0 || maps.Any(map => map.dim() != 4 || !map.shape.Skip(1).SequenceEqual(maps[0].shape.Skip(1))))
            throw new ArgumentException("a group needs maps (heads, h, w, tokens) of one size", nameof(maps));
        if (masks.dim() != 3 || masks.shape[0] != entities.Count)
            throw new ArgumentException($"masks [{string.Join(", ", masks.shape)}] for {entities.Count} entities", nameof(masks));
        var tokens = maps[0].shape[3];
        if (entities.Any(entity => entity.Count == 0 || entity.Any(position => position < 0 || position >= tokens)))
            throw new ArgumentOutOfRangeException(nameof(entities), $"every entity needs positions in 0..{tokens - 1}");
    }
}

using static TorchSharp.torch;

namespace Realign.Diffusion.Pipelines;

/// <summary>
/// One CPU generator per image, so that an image depends on its own seed only: not on the device, nor on what else is in the batch.
/// </summary>
public sealed class SeededNoise : INoiseSource, IDisposable
{
    private readonly List<Generator> _generators;

    /// <param name="seeds">One per image of the batch.</param>
    public SeededNoise(IReadOnlyList<ulong> seeds)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        _generators = [.. seeds.Select(seed => new Generator(seed))];
    }

    /// <inheritdoc/>
    public Tensor Next(long[] shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        if (shape.Length == 0 || shape[0] != _generators.Count)
            throw new ArgumentException($"{_generators.Count} seeds, but a batch of {(shape.Length == 0 ? 0 : shape[0])}", nameof(shape));
        using var scope = NewDisposeScope();
        long[] one = [1, .. shape[1..]];
        return cat([.. _generators.Select(generator => randn(one, dtype: ScalarType.Float32, generator: generator))], 0).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose() => _generators.ForEach(generator => generator.Dispose());
}

using Realign.Diffusion.Pipelines;
using static TorchSharp.torch;

namespace Realign.Diffusion.Tests;

/// <summary>Keeps what a run drew, so that another one draws the same, or a test computes with it.</summary>
internal sealed class RecordedNoise : INoiseSource, IDisposable
{
    private readonly SeededNoise _source = new([5]);
    private readonly Queue<Tensor> _given;

    public RecordedNoise(IEnumerable<Tensor>? given = null) => _given = new Queue<Tensor>(given ?? []);

    public List<Tensor> Draws { get; } = [];

    public Tensor Next(long[] shape)
    {
        var draw = _given.TryDequeue(out var given) ? given.clone() : _source.Next(shape);
        Draws.Add(draw.clone().DetachFromDisposeScope());
        return draw;
    }

    public void Dispose()
    {
        Draws.ForEach(draw => draw.Dispose());
        _source.Dispose();
    }
}

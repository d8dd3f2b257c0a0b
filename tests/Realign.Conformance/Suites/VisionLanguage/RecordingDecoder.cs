using Realign.Torch;
using Realign.VisionLanguage.Generation;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.VisionLanguage;

/// <summary>Keeps the logits of every step of a greedy search.</summary>
internal sealed class RecordingDecoder(ITokenDecoder inner) : ITokenDecoder
{
    public List<float[]> Logits { get; } = [];

    public int EndTokenId => inner.EndTokenId;

    public IReadOnlyList<int> ContextIds => inner.ContextIds;

    public int Capacity => inner.Capacity;

    public Tensor Start() => Record(inner.Start());

    public Tensor Next(ReadOnlySpan<long> tokens) => Record(inner.Next(tokens));

    public void Reorder(ReadOnlySpan<long> parents) => inner.Reorder(parents);

    public void Dispose() => inner.Dispose();

    private Tensor Record(Tensor logits)
    {
        Logits.Add(logits.ToSingles());
        return logits;
    }
}

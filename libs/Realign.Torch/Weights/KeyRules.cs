using static TorchSharp.torch;

namespace Realign.Torch.Weights;

/// <summary>How the keys of a published file become the keys of the module tree.</summary>
public sealed record KeyRules
{
    /// <summary>File key to module key; null = a buffer that is recomputed and may be ignored (e.g. <c>position_ids</c>).</summary>
    public Func<string, string?> Rename { get; init; } = static key => key;

    /// <summary>Module keys that a file may lack, with the module key whose tensor stands in (tied weights).</summary>
    public IReadOnlyDictionary<string, string> Tied { get; init; } = new Dictionary<string, string>();

    /// <summary>Brings a tensor of an older layout to the module's shape, e.g. 2-d to 1x1 convolution; gets the module key and shape.</summary>
    public Func<string, long[], Tensor, Tensor> Reshape { get; init; } = static (_, _, tensor) => tensor;

    /// <summary>Whether a shape of the file is accepted for a module shape before <see cref="Reshape"/>.</summary>
    public Func<string, IReadOnlyList<long>, long[], bool> AcceptsShape { get; init; } = static (_, found, wanted) => found.SequenceEqual(wanted);

    /// <summary>Names of whole parts of a file that this model does not have and that are not an error, e.g. a second tower.</summary>
    public Func<string, bool> Ignore { get; init; } = static _ => false;
}

using static TorchSharp.torch;

namespace Realign.Torch.Layers;

/// <summary>A layer that can take adapters.</summary>
public interface IAdaptedLayer
{
    /// <summary>Where they go.</summary>
    AdapterSlot Adapters { get; }

    /// <summary>The layer's own weight; adapters never write to it.</summary>
    Tensor Weight { get; }

    /// <summary>The layer's own bias; null without one.</summary>
    Tensor? Bias { get; }
}

using Realign.Torch.Layers;

namespace Realign.Diffusion.Adapters;

/// <summary>One layer that can take adapters.</summary>
/// <param name="Component">Its model: <c>unet</c>, <c>text_encoder</c> or <c>text_encoder_2</c>.</param>
/// <param name="Path">Component and module path, e.g. <c>unet.mid_block.attentions.0.proj_in</c>.</param>
/// <param name="Layer">The layer.</param>
/// <param name="Weight">Shape of its own weight.</param>
/// <param name="Blocks">Names of the blocks of the UNet that it is in, from the widest to the narrowest; none in text encoders.</param>
internal sealed record AdapterTarget(string Component, string Path, IAdaptedLayer Layer, long[] Weight, IReadOnlyList<string> Blocks)
{
    /// <summary>Name of the component that is no text encoder.</summary>
    public const string UNet = "unet";

    /// <summary>Each layer is one, whatever equals what.</summary>
    public bool Equals(AdapterTarget? other) => ReferenceEquals(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => Path.GetHashCode(StringComparison.Ordinal);
}

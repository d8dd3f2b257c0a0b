using Realign.Diffusion.Pipelines;
using Realign.Safetensors;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.Diffusion;

/// <summary>The start latents where the pack has them, then the draws the reference made, in order (<c>noise.0</c>, <c>noise.1</c>, ...).</summary>
internal sealed class GoldenNoise(SafetensorsFile file) : INoiseSource
{
    private bool _startIsDue = file.Entries.ContainsKey("latents_in");

    /// <summary>Draws of the reference so far.</summary>
    public int Draws { get; private set; }

    public Tensor Next(long[] shape)
    {
        if (!_startIsDue)
            return TensorConvert.Read(file, $"noise.{Draws++}");
        _startIsDue = false;
        return TensorConvert.Read(file, "latents_in");
    }
}

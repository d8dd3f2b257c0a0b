using Realign.Diffusion.Pipelines;
using Realign.Safetensors;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.Diffusion;

/// <summary>The draws the reference made, in order (<c>noise.0</c>, <c>noise.1</c>, ...).</summary>
internal sealed class GoldenNoise(SafetensorsFile file) : INoiseSource
{
    /// <summary>Draws so far.</summary>
    public int Draws { get; private set; }

    public Tensor Next(long[] shape) => TensorConvert.Read(file, $"noise.{Draws++}");
}

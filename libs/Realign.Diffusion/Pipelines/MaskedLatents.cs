using Realign.Diffusion.Schedulers;
using static TorchSharp.torch;

namespace Realign.Diffusion.Pipelines;

/// <summary>
/// A picture of which a part is drawn anew, for denoisers that are not told of it: the rest is put back after each step, as diffusers does.
/// </summary>
/// <param name="Mask">(1, 1, h, w), 1 = drawn anew, 0 = kept.</param>
/// <param name="Original">Scaled latents of the picture (B, C, h, w).</param>
/// <param name="Noise">The noise that they get at each level, (B, C, h, w).</param>
internal sealed record MaskedLatents(Tensor Mask, Tensor Original, Tensor Noise)
{
    /// <summary>The latents after a step, with the kept part as noisy as the step to come needs it.</summary>
    /// <param name="latents">(B, C, h, w)</param>
    /// <param name="scheduler">Of the run.</param>
    /// <param name="next">The step to come; null after the last one: the kept part is the picture's.</param>
    public Tensor PutBack(Tensor latents, Scheduler scheduler, int? next)
    {
        using var scope = NewDisposeScope();
        var kept = next is { } index ? scheduler.AddNoise(Original, Noise, index) : Original;
        return where(Mask.to(ScalarType.Bool), latents, kept).MoveToOuterDisposeScope();
    }
}

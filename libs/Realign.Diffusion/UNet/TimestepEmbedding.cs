using Realign.Torch;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Realign.Diffusion.UNet;

/// <summary>Two linear layers with SiLU between them. Keys: <c>linear_1</c>, <c>linear_2</c>; <c>cond_proj</c> with a condition.</summary>
internal sealed class TimestepEmbedding : nn.Module
{
    private const double MaxPeriod = 10000;
    public readonly Linear linear_1;
    public readonly Linear linear_2;
    public readonly Linear? cond_proj;

    public TimestepEmbedding(int inFeatures, int outFeatures, int? conditionFeatures = null)
        : base(nameof(TimestepEmbedding))
    {
        linear_1 = new Linear(inFeatures, outFeatures);
        linear_2 = new Linear(outFeatures, outFeatures);
        if (conditionFeatures is { } width)
            cond_proj = new Linear(width, inFeatures, hasBias: false);
        RegisterComponents();
    }

    public Tensor forward(Tensor features, Tensor? condition = null)
    {
        using var scope = NewDisposeScope();
        if (condition is not null)
            features = features.add(cond_proj!.forward(condition));
        return linear_2.forward(F.silu(linear_1.forward(features))).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Features of a guidance weight w for distilled models (Meng et al. 2023, section 3.1; diffusers' <c>get_guidance_scale_embedding</c>
    /// of w - 1): (size).
    /// </summary>
    public static Tensor GuidanceFeatures(double weight, int size, Device device)
    {
        using var scope = NewDisposeScope();
        var thousandths = tensor([(float)(weight - 1)], device: device).mul(Scalars.Of(1000));
        return Features(thousandths, size, cosineFirst: false, frequencyShift: 1)[0].MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Sinusoidal features of times (Vaswani et al. 2017, section 3.5), always in float32: (N) -> (N, size).
    /// </summary>
    /// <param name="times">Any numeric type, fractions included.</param>
    /// <param name="size">Features per time, even.</param>
    /// <param name="cosineFirst"><c>flip_sin_to_cos</c>.</param>
    /// <param name="frequencyShift"><c>freq_shift</c>.</param>
    public static Tensor Features(Tensor times, int size, bool cosineFirst, double frequencyShift)
    {
        using var scope = NewDisposeScope();
        var half = size / 2;
        var exponent = arange(Scalars.Of(half), ScalarType.Float32, times.device).mul(Scalars.Of(-Math.Log(MaxPeriod))).div(Scalars.Of(half - frequencyShift));
        var angles = times.to(ScalarType.Float32).unsqueeze(1).mul(exponent.exp().unsqueeze(0));
        var (first, second) = cosineFirst ? (angles.cos(), angles.sin()) : (angles.sin(), angles.cos());
        return cat([first, second], 1).MoveToOuterDisposeScope();
    }
}

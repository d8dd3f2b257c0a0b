using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>How the predicted clean sample is kept in bounds.</summary>
internal sealed record SampleLimits
{
    /// <summary>Clip it.</summary>
    public bool ClipSample { get; init; }

    /// <summary>Bound of the clipping.</summary>
    public double ClipSampleRange { get; init; } = 1;

    /// <summary>Dynamic thresholding (Saharia et al. 2022) instead of clipping.</summary>
    public bool Thresholding { get; init; }

    /// <summary>Quantile of the dynamic thresholding.</summary>
    public double DynamicThresholdingRatio { get; init; } = 0.995;

    /// <summary>Upper bound of the dynamic threshold.</summary>
    public double SampleMaxValue { get; init; } = 1;

    public static SampleLimits Read(SchedulerFields fields, bool clips) => new()
    {
        ClipSample = fields.Reader.Bool("clip_sample", clips),
        ClipSampleRange = fields.Reader.Double("clip_sample_range", 1, min: 1e-6, max: 1e6),
        Thresholding = fields.Reader.Bool("thresholding", false),
        DynamicThresholdingRatio = fields.Reader.Double("dynamic_thresholding_ratio", 0.995, min: 0, max: 1),
        SampleMaxValue = fields.Reader.Double("sample_max_value", 1, min: 1, max: 1e6),
    };

    /// <summary>Of a scheduler that never clips, whatever a file for another one says.</summary>
    public static SampleLimits ReadThresholding(SchedulerFields fields) => Read(fields, clips: false) with { ClipSample = false };

    /// <summary>The sample within its bounds.</summary>
    public Tensor Apply(Tensor original)
    {
        if (Thresholding)
            return Threshold(original);
        return ClipSample ? original.clamp(Scalars.Of(-ClipSampleRange), Scalars.Of(ClipSampleRange)) : original;
    }

    // each sample is clipped at a quantile of its magnitudes and divided by it
    private Tensor Threshold(Tensor original)
    {
        using var scope = NewDisposeScope();
        var bound = quantile(original.flatten(1).abs(), tensor(DynamicThresholdingRatio, dtype: original.dtype), dim: 1)
            .clamp(Scalars.Of(1), Scalars.Of(SampleMaxValue))
            .view([original.shape[0], .. Enumerable.Repeat(1L, (int)original.dim() - 1)]);
        return minimum(maximum(original, bound.neg()), bound).div(bound).MoveToOuterDisposeScope();
    }
}

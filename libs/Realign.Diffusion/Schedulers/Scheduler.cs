using Realign.Core.Errors;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>
/// Turns predictions of the denoiser into less noisy latents. <see cref="SetTimesteps"/> comes first; then the steps run in order from
/// index 0, which forgets the history of an earlier run. Single precision at least, whatever the type of the latents. Differentiable.
/// </summary>
/// <remarks>Not thread-safe. Multistep schedulers keep tensors of past steps: dispose them.</remarks>
public abstract class Scheduler : IDisposable
{
    private double[] _timesteps = [];

    private protected Scheduler(SchedulerConfig config, string spacing, SchedulerOptions options, SchedulerConfig? defaults = null)
    {
        Config = config;
        Options = options;
        Spacing = config.TimestepSpacing ?? spacing;
        Alphas = NoiseSchedule.AlphasCumprod(
            config.NumTrainTimesteps, config.BetaStart ?? defaults?.BetaStart ?? 0.0001, config.BetaEnd ?? defaults?.BetaEnd ?? 0.02,
            config.BetaSchedule ?? defaults?.BetaSchedule ?? "linear", config.RescaleBetasZeroSnr);
    }

    /// <summary>What the checkpoint says.</summary>
    public SchedulerConfig Config { get; }

    /// <summary>Names that <see cref="Create"/> knows.</summary>
    public static IReadOnlyList<string> ClassNames { get; } =
    [
        nameof(DDIMScheduler), nameof(DDPMScheduler), nameof(PNDMScheduler), nameof(EulerDiscreteScheduler), nameof(EulerAncestralDiscreteScheduler),
        nameof(DPMSolverMultistepScheduler), nameof(LCMScheduler), nameof(UniPCMultistepScheduler),
    ];

    /// <summary>Cumulative alphas of training, one per timestep.</summary>
    public IReadOnlyList<float> AlphasCumprod => Alphas;

    /// <summary>Factor from unit-variance noise to the start latents.</summary>
    public virtual double InitNoiseSigma => 1;

    /// <summary>What the denoiser is told at each step, noisiest first. May be fractional.</summary>
    public IReadOnlyList<double> Timesteps => _timesteps;

    /// <summary>Noise levels, one more than steps; empty for schedulers that do not use them.</summary>
    public virtual IReadOnlyList<double> Sigmas => [];

    private protected SchedulerOptions Options { get; }

    private protected string Spacing { get; }

    private protected float[] Alphas { get; }

    private protected int TrainSteps => Config.NumTrainTimesteps;

    /// <summary>A scheduler by its published class name.</summary>
    /// <exception cref="NotFoundException">There is no such class.</exception>
    /// <exception cref="FailedPreconditionException">The config asks for something this class does not have.</exception>
    public static Scheduler Create(string className, SchedulerConfig config, SchedulerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        options ??= SchedulerOptions.Default;
        return className switch
        {
            nameof(DDIMScheduler) => new DDIMScheduler(config, options),
            nameof(DDPMScheduler) => new DDPMScheduler(config, options),
            nameof(PNDMScheduler) => new PNDMScheduler(config, options),
            nameof(EulerDiscreteScheduler) => new EulerDiscreteScheduler(config, options),
            nameof(EulerAncestralDiscreteScheduler) => new EulerAncestralDiscreteScheduler(config, options),
            nameof(DPMSolverMultistepScheduler) => new DPMSolverMultistepScheduler(config, options),
            nameof(LCMScheduler) => new LCMScheduler(config, options),
            nameof(UniPCMultistepScheduler) => new UniPCMultistepScheduler(config, options),
            _ => throw new NotFoundException($"scheduler '{className}' is unknown", $"use one of {string.Join(", ", ClassNames)}"),
        };
    }

    /// <summary>Plans a run.</summary>
    /// <param name="numInferenceSteps">1..NumTrainTimesteps.</param>
    /// <exception cref="InvalidInputException">The scheduler cannot do this number of steps.</exception>
    public void SetTimesteps(int numInferenceSteps)
    {
        if (numInferenceSteps < 1 || numInferenceSteps > TrainSteps)
        {
            throw new InvalidInputException("num_inference_steps", $"{numInferenceSteps}", "outside the training schedule", $"use 1 to {TrainSteps} steps");
        }

        Forget();
        InferenceSteps = numInferenceSteps;
        _timesteps = Plan(numInferenceSteps);
    }

    /// <summary>What the denoiser is shown instead of the latents.</summary>
    /// <returns>A new tensor, also where nothing is scaled.</returns>
    public Tensor ScaleModelInput(Tensor sample, int stepIndex)
    {
        CheckIndex(stepIndex);
        return Math.Abs(InputScale(stepIndex) - 1) < double.Epsilon ? sample.alias() : sample.mul(Scalars.Of(InputScale(stepIndex)));
    }

    /// <summary>Whether <see cref="Step"/> needs noise at this index.</summary>
    public virtual bool NeedsNoise(int stepIndex) => false;

    /// <summary>One step.</summary>
    /// <param name="modelOutput">Prediction of the denoiser, (B, C, h, w).</param>
    /// <param name="stepIndex">Index into <see cref="Timesteps"/>.</param>
    /// <param name="sample">Latents before the step.</param>
    /// <param name="noise">Unit-variance noise; ignored unless <see cref="NeedsNoise"/>.</param>
    /// <exception cref="ArgumentException">Shapes differ, or noise is missing.</exception>
    public SchedulerStep Step(Tensor modelOutput, int stepIndex, Tensor sample, Tensor? noise)
    {
        CheckIndex(stepIndex);
        if (!modelOutput.shape.SequenceEqual(sample.shape))
            throw new ArgumentException($"prediction [{string.Join(", ", modelOutput.shape)}], latents [{string.Join(", ", sample.shape)}]", nameof(modelOutput));
        if (NeedsNoise(stepIndex) && (noise is null || !noise.shape.SequenceEqual(sample.shape)))
            throw new ArgumentException($"step {stepIndex} needs noise of the shape of the latents", nameof(noise));
        using var scope = NewDisposeScope();
        if (stepIndex == 0)
            Forget();
        var type = sample.dtype;
        var wide = type is ScalarType.Float16 or ScalarType.BFloat16 ? ScalarType.Float32 : type;
        var (previous, original) = Advance(modelOutput.to(wide), stepIndex, sample.to(wide), noise?.to(wide));
        return new SchedulerStep(previous.to(type).MoveToOuterDisposeScope(), original.to(type).MoveToOuterDisposeScope());
    }

    /// <summary>Latents as they would be before a step: where image-to-image starts.</summary>
    public Tensor AddNoise(Tensor original, Tensor noise, int stepIndex)
    {
        CheckIndex(stepIndex);
        using var scope = NewDisposeScope();
        var (signal, amount) = Mix(stepIndex);
        return original.mul(Scalars.Of(signal)).add(noise.mul(Scalars.Of(amount))).MoveToOuterDisposeScope();
    }

    /// <summary>The velocity that a v-predicting denoiser should give: sqrt(abar) noise - sqrt(1 - abar) original.</summary>
    public Tensor Velocity(Tensor original, Tensor noise, int stepIndex)
    {
        CheckIndex(stepIndex);
        using var scope = NewDisposeScope();
        double alpha = Alphas[VelocityIndex(stepIndex)];
        return noise.mul(Scalars.Of(Math.Sqrt(alpha))).sub(original.mul(Scalars.Of(Math.Sqrt(1 - alpha)))).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Forget();
        GC.SuppressFinalize(this);
    }

    private protected int InferenceSteps { get; private set; }

    private protected abstract double[] Plan(int steps);

    private protected abstract (Tensor Previous, Tensor Original) Advance(Tensor output, int index, Tensor sample, Tensor? noise);

    private protected virtual double InputScale(int index) => 1;

    private protected virtual (double Signal, double Noise) Mix(int index)
    {
        double alpha = Alphas[TrainIndex(index)];
        return (Math.Sqrt(alpha), Math.Sqrt(1 - alpha));
    }

    private protected virtual int VelocityIndex(int stepIndex) => TrainIndex(stepIndex);

    // drops tensors of past steps
    private protected virtual void Forget()
    {
    }

    private protected int TrainIndex(int stepIndex) => Math.Clamp((int)_timesteps[stepIndex], 0, TrainSteps - 1);

    private protected double[] IntegerTimesteps(int steps) => Spacing switch
    {
        "linspace" => Array.ConvertAll(TimestepSpacing.Linspace(TrainSteps, steps), Math.Round),
        "leading" => TimestepSpacing.Leading(TrainSteps, steps, Config.StepsOffset),
        _ => TimestepSpacing.Trailing(TrainSteps, steps),
    };

    private protected FailedPreconditionException NotSupported(string field, string value) =>
        new($"{GetType().Name} does not support {field} = {value}", "use another scheduler for this checkpoint");

    private void CheckIndex(int stepIndex)
    {
        if ((uint)stepIndex >= (uint)_timesteps.Length)
            throw new ArgumentOutOfRangeException(nameof(stepIndex), stepIndex, $"the run has {_timesteps.Length} steps");
    }
}

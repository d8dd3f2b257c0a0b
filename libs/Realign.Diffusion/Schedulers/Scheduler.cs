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

    private protected Scheduler(SchedulerKind kind, NoiseConfig config, SchedulerOptions options)
    {
        Kind = kind;
        Config = config;
        Options = options;
        Alphas = NoiseSchedule.AlphasCumprod(config);
    }

    /// <summary>Which one it is.</summary>
    public SchedulerKind Kind { get; }

    /// <summary>Noise schedule of the checkpoint.</summary>
    public NoiseConfig Config { get; }

    /// <summary>Whether <see cref="SchedulerOptions.Eta"/> means something to it.</summary>
    public virtual bool HasEta => false;

    /// <summary>Questions to the denoiser per step: timesteps of a run are this many times its steps, less one where it is two.</summary>
    public virtual int Order => 1;

    /// <summary>Cumulative alphas of training, one per timestep.</summary>
    public IReadOnlyList<float> AlphasCumprod => Alphas;

    /// <summary>Factor from unit-variance noise to the start latents.</summary>
    public virtual double InitNoiseSigma => 1;

    /// <summary>What the denoiser is told at each step, noisiest first. May be fractional.</summary>
    public IReadOnlyList<double> Timesteps => _timesteps;

    /// <summary>Noise levels, one more than steps; empty for schedulers that do not use them.</summary>
    public virtual IReadOnlyList<double> Sigmas => [];

    private protected SchedulerOptions Options { get; }

    private protected float[] Alphas { get; }

    private protected int TrainSteps => Config.NumTrainTimesteps;

    /// <summary>Plans a run.</summary>
    /// <param name="numInferenceSteps">1..NumTrainTimesteps.</param>
    /// <exception cref="InvalidInputException">The scheduler cannot do this number of steps.</exception>
    /// <exception cref="FailedPreconditionException">The run would divide by the signal of a step that is pure noise.</exception>
    public void SetTimesteps(int numInferenceSteps)
    {
        if (numInferenceSteps < 1 || numInferenceSteps > TrainSteps)
        {
            throw new InvalidInputException("num_inference_steps", $"{numInferenceSteps}", "outside the training schedule", $"use 1 to {TrainSteps} steps");
        }

        Forget();
        InferenceSteps = numInferenceSteps;
        _timesteps = Plan(numInferenceSteps);
        CheckPlan();
        CheckAlphas();
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
        {
            throw new ArgumentException(
                $"prediction [{string.Join(", ", modelOutput.shape)}], latents [{string.Join(", ", sample.shape)}]", nameof(modelOutput));
        }

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

    private protected static Tensor Combine(params ReadOnlySpan<(double Factor, Tensor Tensor)> terms)
    {
        var sum = terms[0].Tensor.mul(Scalars.Of(terms[0].Factor));
        foreach (var (factor, term) in terms[1..])
            sum = sum.add(term.mul(Scalars.Of(factor)));
        return sum;
    }

    private protected int TrainIndex(int stepIndex) => Math.Clamp((int)_timesteps[stepIndex], 0, TrainSteps - 1);

    private protected double[] IntegerTimesteps(int steps) => Config.TimestepSpacing switch
    {
        TimestepSpacing.Linspace => Array.ConvertAll(TrainingTimesteps.Linspace(TrainSteps, steps), Math.Round),
        TimestepSpacing.Leading => TrainingTimesteps.Leading(TrainSteps, steps, Config.StepsOffset),
        _ => TrainingTimesteps.Trailing(TrainSteps, steps),
    };

    // whether a step divides by the square root of alpha at its own timestep
    private protected virtual bool DividesByAlpha => Config.PredictionType == PredictionType.Epsilon;

    private protected FailedPreconditionException NotSupported(string field, string value) =>
        new($"{Kind.ClassName()} does not support {field} = {value}", "name another scheduler in the call");

    private void CheckPlan()
    {
        if (WrongWithPlan(_timesteps) is not { } problem)
            return;
        var most = InferenceSteps - 1;
        while (most > 1 && WrongWithPlan(Plan(most)) is not null)
            most--;
        _timesteps = [];
        throw new InvalidInputException("num_inference_steps", $"{InferenceSteps}",
            $"with this checkpoint's timestep spacing {problem}", $"use at most {most} steps, or another scheduler");
    }

    // an offset can push the first timesteps of a long run beyond training: the denoiser knows nothing of them
    private protected virtual string? WrongWithPlan(double[] timesteps) =>
        timesteps.Max() < TrainSteps ? null : $"the run would start at timestep {timesteps.Max()} of 0..{TrainSteps - 1}";

    // zero-terminal-SNR schedules end in pure noise, of which no noise prediction leads back (Lin et al. 2023, section 3.3)
    private void CheckAlphas()
    {
        if (DividesByAlpha && _timesteps.Any(time => Alphas[(int)time] == 0))
            throw NotSupported("rescale_betas_zero_snr", $"true with a {Config.PredictionType} prediction and this timestep spacing");
    }

    private void CheckIndex(int stepIndex)
    {
        if ((uint)stepIndex >= (uint)_timesteps.Length)
            throw new ArgumentOutOfRangeException(nameof(stepIndex), stepIndex, $"the run has {_timesteps.Length} steps");
    }
}

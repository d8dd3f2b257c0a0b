using Realign.Core.Errors;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>Pseudo numerical methods (Liu et al. 2022): optionally a Runge-Kutta warm-up of twelve calls, then linear multistep (PLMS).</summary>
internal sealed class PNDMScheduler : Scheduler
{
    private const int RungeKuttaTimes = 4;
    private readonly PNDMConfig _config;
    private readonly StepHistory _history = new(RungeKuttaTimes);
    private Tensor? _start;
    private Tensor? _blended;
    private int _warmUp;
    private int _multistepCalls;

    public PNDMScheduler(PNDMConfig config, SchedulerOptions options)
        : base(SchedulerKind.PNDM, config.Noise, options)
    {
        _config = config;
        if (config.Noise.PredictionType == PredictionType.Sample)
            throw NotSupported("prediction_type", "sample");
    }

    private protected override bool DividesByAlpha => true;

    private int StepWidth => TrainSteps / InferenceSteps;

    private protected override double[] Plan(int steps)
    {
        var times = IntegerTimesteps(steps);
        if (_config.SkipPrkSteps)
        {
            // the second time is visited twice: the first call only probes
            _warmUp = 0;
            return times.Length < 2 ? times : [times[0], times[1], .. times[1..]];
        }

        if (steps < RungeKuttaTimes)
            throw new InvalidInputException("num_inference_steps", $"{steps}", "the Runge-Kutta warm-up of this checkpoint needs more steps",
                $"use at least {RungeKuttaTimes} steps");
        var half = TrainSteps / steps / 2;
        // each interval of the warm-up is evaluated at its start, twice in its middle, and at its end
        double[] warm = [.. Enumerable.Range(0, RungeKuttaTimes - 1).SelectMany(i =>
            (double[])[times[i], times[i + 1] + half, times[i + 1] + half, times[i + 1]])];
        _warmUp = warm.Length;
        return [.. warm, .. times[(RungeKuttaTimes - 1)..]];
    }

    private protected override (Tensor Previous, Tensor Original) Advance(Tensor output, int index, Tensor sample, Tensor? noise)
    {
        var original = Prediction.Original(Config.PredictionType, output, sample, SignalAt((int)Timesteps[index]), SigmaAt((int)Timesteps[index]));
        return (index < _warmUp ? RungeKutta(output, index, sample) : Multistep(output, index, sample), original);
    }

    private protected override void Forget()
    {
        _history.Clear();
        StepHistory.Replace(ref _start, null);
        StepHistory.Replace(ref _blended, null);
        _multistepCalls = 0;
    }

    private Tensor RungeKutta(Tensor output, int index, Tensor sample)
    {
        var stage = index % 4;
        if (stage == 0)
        {
            _history.Add(output);
            StepHistory.Replace(ref _start, sample);
        }

        var from = (int)Timesteps[index - stage];
        if (stage == 3)
        {
            var slope = _blended!.add(output.mul(Scalars.Of(1.0 / 6)));
            StepHistory.Replace(ref _blended, null);
            return Transfer(_start!, from, (int)Timesteps[index], slope);
        }

        var share = output.mul(Scalars.Of(stage == 0 ? 1.0 / 6 : 1.0 / 3));
        StepHistory.Replace(ref _blended, _blended is null ? share : _blended.add(share));
        return Transfer(_start!, from, (int)Timesteps[index] - (stage == 1 ? 0 : StepWidth / 2), output);
    }

    private Tensor Multistep(Tensor output, int index, Tensor sample)
    {
        var time = (int)Timesteps[index];
        // counted, not derived from the index: image to image starts in the middle of the plan
        var call = _multistepCalls++;
        if (_warmUp == 0 && call == 1)
        {
            // second visit: average both slopes and step again from where the probe began
            return Transfer(_start!, time + StepWidth, time, output.add(_history[0]).mul(Scalars.Of(0.5)));
        }

        _history.Add(output);
        if (_warmUp == 0 && call == 0)
            StepHistory.Replace(ref _start, sample);
        var slope = _history.Count switch
        {
            1 => output,
            2 => output.mul(Scalars.Of(1.5)).sub(_history[1].mul(Scalars.Of(0.5))),
            3 => output.mul(Scalars.Of(23.0 / 12)).sub(_history[1].mul(Scalars.Of(16.0 / 12))).add(_history[2].mul(Scalars.Of(5.0 / 12))),
            _ => output.mul(Scalars.Of(55.0 / 24)).sub(_history[1].mul(Scalars.Of(59.0 / 24)))
                .add(_history[2].mul(Scalars.Of(37.0 / 24))).sub(_history[3].mul(Scalars.Of(9.0 / 24))),
        };
        return Transfer(sample, time, time - StepWidth, slope);
    }

    // Liu et al. 2022, Eq. 9
    private Tensor Transfer(Tensor sample, int from, int to, Tensor output)
    {
        var (alpha, target) = (AlphaAt(from), AlphaAt(to));
        var slope = Prediction.Noise(Config.PredictionType, output, sample, SignalAt(from), SigmaAt(from));
        var divisor = (alpha * Math.Sqrt(1 - target)) + Math.Sqrt(alpha * (1 - alpha) * target);
        return sample.mul(Scalars.Of(Math.Sqrt(target / alpha))).sub(slope.mul(Scalars.Of((target - alpha) / divisor)));
    }

    private double AlphaAt(int time) => time >= 0 ? Alphas[Math.Min(time, TrainSteps - 1)] : _config.SetAlphaToOne ? 1 : Alphas[0];

    private double SignalAt(int time) => Math.Sqrt(AlphaAt(time));

    private double SigmaAt(int time) => Math.Sqrt(1 - AlphaAt(time));
}

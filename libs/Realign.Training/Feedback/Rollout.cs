using Realign.Torch;
using Realign.Training.Sampling;
using static TorchSharp.torch;

namespace Realign.Training.Feedback;

/// <summary>A sampled trajectory and its result.</summary>
/// <param name="Result">x0' at the stop step, or the sample after the last step. (B, C, h, w)</param>
/// <param name="LatentsBeforeStep">Constants: latents before each executed step.</param>
public sealed record Rollout(Tensor Result, IReadOnlyList<Tensor> LatentsBeforeStep)
{
    /// <summary>Samples with one graph over all graded steps.</summary>
    /// <param name="sampler">Steps.</param>
    /// <param name="predict">Predicted noise for latents at a step index.</param>
    /// <param name="latents">Start, unit noise.</param>
    /// <param name="noise">Fresh noise of a step; only called where the sampler adds some.</param>
    /// <param name="options">What is graded.</param>
    /// <param name="cancellation">Checked before each step.</param>
    public static Rollout Run(
        LinearSampler sampler, Func<Tensor, int, Tensor> predict, Tensor latents, Func<int, Tensor> noise, RolloutOptions options,
            CancellationToken cancellation = default)
    {
        using var scope = NewDisposeScope();
        var before = new List<Tensor>();
        var current = latents.alias();
        for (var i = 0; i < sampler.Steps.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            before.Add(current.detach());
            var prediction = Predict(current, i);
            if (options.StopStep == i)
            {
                current = Original(current, prediction, sampler.Steps[i]);
                break;
            }

            current = Advance(current, prediction, sampler.Steps[i], i);
        }

        before.ForEach(tensor => tensor.MoveToOuterDisposeScope());
        return new Rollout(current.MoveToOuterDisposeScope(), before);

        Tensor Predict(Tensor sample, int index)
        {
            if (options.GradedSteps.Contains(index))
                return predict(options.DetachInput ? sample.detach() : sample, index);
            using var noGradient = no_grad();
            return predict(sample.detach(), index);
        }

        Tensor Advance(Tensor sample, Tensor prediction, LinearStep step, int index)
        {
            var next = sample.mul(Scalars.Of(step.Sample)).add(prediction.mul(Scalars.Of(step.Prediction)));
            return step.Noise > 0 ? next.add(noise(index).mul(Scalars.Of(step.Noise))) : next;
        }
    }

    /// <summary>x0' = (x - sqrt(1 - abar) eps) / sqrt(abar).</summary>
    /// <param name="latents">x at the step.</param>
    /// <param name="prediction">eps.</param>
    /// <param name="step">The step.</param>
    public static Tensor Original(Tensor latents, Tensor prediction, LinearStep step)
    {
        using var scope = NewDisposeScope();
        return latents.sub(prediction.mul(Scalars.Of(Math.Sqrt(1 - step.AlphaCumprod)))).div(Scalars.Of(Math.Sqrt(step.AlphaCumprod)))
            .MoveToOuterDisposeScope();
    }

    /// <summary>
    /// DRTune without a long graph: the result is affine in the graded predictions, so each graded step is computed again on its own
    /// and gets its sensitivity times the gradient of the loss. Peak memory is one pass of the denoiser, whatever the number of steps.
    /// </summary>
    /// <param name="sampler">Steps.</param>
    /// <param name="predict">As in the rollout.</param>
    /// <param name="gradient">d loss / d <see cref="Result"/>.</param>
    /// <param name="options">As in the rollout; <see cref="RolloutOptions.DetachInput"/> must hold.</param>
    /// <param name="parameters">Leaves whose <c>grad</c> is accumulated.</param>
    /// <param name="extraLoss">A scalar of the graph of a graded step, asked for after its prediction; null = none. CoMat's attention losses.</param>
    /// <param name="afterStep">Called after the backward pass of each graded step.</param>
    /// <param name="cancellation">Checked before each step.</param>
    public void BackwardClosedForm(
        LinearSampler sampler, Func<Tensor, int, Tensor> predict, Tensor gradient, RolloutOptions options,
        IList<Tensor> parameters, Func<int, Tensor?>? extraLoss = null, Action<int>? afterStep = null, CancellationToken cancellation = default)
    {
        if (!options.DetachInput)
            throw new ArgumentException("the closed form needs constant inputs of the denoiser", nameof(options));
        var sensitivities = sampler.Sensitivities(options.StopStep);
        foreach (var index in options.GradedSteps.Where(index => index < sensitivities.Count).Order())
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var prediction = predict(LatentsBeforeStep[index], index);
            var cotangent = gradient.mul(Scalars.Of(sensitivities[index]));
            if (extraLoss?.Invoke(index) is { } extra)
                autograd.backward([prediction, extra], [cotangent, ones_like(extra, requires_grad: false)], inputs: parameters);
            else
                autograd.backward([prediction], [cotangent], inputs: parameters);
            afterStep?.Invoke(index);
        }
    }
}

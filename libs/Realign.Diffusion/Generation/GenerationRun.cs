using Realign.Core.Images;
using Realign.Diffusion.Attention;
using Realign.Diffusion.Daam;
using Realign.Diffusion.FineStage;
using Realign.Diffusion.Pipelines;
using static TorchSharp.torch;

namespace Realign.Diffusion.Generation;

/// <summary>Hooks of a call: which attention a step gets, and what is said after it. Counts over all images.</summary>
/// <param name="request">What is generated.</param>
/// <param name="modulator">The fine stage; null = a plain run.</param>
/// <param name="stepsPerImage">Calls of the denoiser per image.</param>
/// <param name="trainSteps">Length of the training schedule.</param>
/// <param name="finishingMilliseconds">What comes after the steps of an image, estimated.</param>
/// <param name="listener">Gets the events.</param>
/// <param name="preview">Predicted clean latents and longest side to a picture.</param>
internal sealed class GenerationRun(
    GenerationRequest request, AttentionModulator? modulator, int stepsPerImage, int trainSteps, double finishingMilliseconds,
    IGenerationListener listener, Func<Tensor, int?, RgbImage> preview)
{
    private readonly long _start = TimeProvider.System.GetTimestamp();
    private readonly int _total = stepsPerImage * request.Seeds.Count;
    private int _done;
    private long _stepStart = TimeProvider.System.GetTimestamp();

    public void Begin() => listener.Add(new StepDone(0, _total, 0, 0, false));

    public IAttentionProcessor? Attention(DenoisingStep step, DaamRecorder? recorder)
    {
        _stepStart = TimeProvider.System.GetTimestamp();
        var modulated = Modulated(step);
        return recorder is null ? modulated : recorder.AtStep(step.FirstRow, modulated);
    }

    public void Progress(DenoisingProgress progress)
    {
        _done++;
        var took = TimeProvider.System.GetElapsedTime(_stepStart);
        var eta = (TimeProvider.System.GetElapsedTime(_start).TotalMilliseconds / _done * (_total - _done)) + finishingMilliseconds;
        // spacings with an offset tell the denoiser of a timestep past the last one
        listener.Add(new StepDone(_done, _total, Math.Clamp(progress.Step.Timestep, 0, trainSteps - 1), eta, Modulated(progress.Step) is not null)
        {
            Took = took,
        });
        var ofImage = progress.Step.Index + 1;
        if (request.PreviewEvery > 0 && ofImage % request.PreviewEvery == 0 && ofImage < progress.Step.Count && listener.TakesPreviews)
            listener.Add(new PreviewMade(_done, preview(progress.PredictedOriginal, request.PreviewSize)));
    }

    private IAttentionLogits? Modulated(DenoisingStep step) => modulator?.AtStep(step.Index, step.Count, step.Timestep, step.FirstRow);
}

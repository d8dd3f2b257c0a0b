using Realign.Diffusion.Attention;
using Realign.Diffusion.Daam;
using Realign.Diffusion.Modulation;
using Realign.Diffusion.Pipelines;
using static TorchSharp.torch;

namespace Realign.Generator.Drawing;

/// <summary>Hooks of a call: which attention a step gets, and what is told after it. Counts over all images.</summary>
/// <param name="request">What is drawn.</param>
/// <param name="modulator">The fine stage; null = a plain run.</param>
/// <param name="stepsPerImage">Calls of the denoiser per image.</param>
/// <param name="finishingMilliseconds">What comes after the steps of an image, estimated.</param>
/// <param name="events">Gets the events.</param>
/// <param name="preview">Predicted clean latents and longest side to PNG.</param>
internal sealed class DrawingRun(
    DrawingRequest request, AttentionModulator? modulator, int stepsPerImage, double finishingMilliseconds, EventQueue events, Func<Tensor, int?, byte[]> preview)
{
    private readonly long _start = TimeProvider.System.GetTimestamp();
    private readonly int _total = stepsPerImage * request.Seeds.Count;
    private int _done;
    private bool _isModulated;

    public void Begin() => events.Add(new StepDone(0, _total, 0, 0, false));

    public IAttentionProcessor? Attention(DenoisingStep step, DaamRecorder? recorder)
    {
        var firstRow = step.IsGuided ? 1 : 0;
        _isModulated = modulator?.BeginStep(step.Index, step.Count, step.Timestep, firstRow) == true;
        var inner = _isModulated ? modulator : null;
        recorder?.BeginStep(firstRow, inner);
        return recorder is null ? inner : recorder;
    }

    public void Progress(DenoisingProgress progress)
    {
        _done++;
        var eta = (TimeProvider.System.GetElapsedTime(_start).TotalMilliseconds / _done * (_total - _done)) + finishingMilliseconds;
        events.Add(new StepDone(_done, _total, progress.Step.Timestep, eta, _isModulated));
        var ofImage = progress.Step.Index + 1;
        if (request.PreviewEvery > 0 && ofImage % request.PreviewEvery == 0 && ofImage < progress.Step.Count && events.TakesPreviews)
            events.Add(new PreviewMade(_done, preview(progress.PredictedOriginal, request.PreviewSize)));
    }
}

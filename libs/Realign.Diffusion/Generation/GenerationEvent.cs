using Realign.Core.Images;

namespace Realign.Diffusion.Generation;

/// <summary>Something that happened while images are generated.</summary>
public abstract record GenerationEvent;

/// <summary>Steps done of all, over all images; the first one says 0.</summary>
/// <param name="Step">Steps done, 0..TotalSteps.</param>
/// <param name="TotalSteps">Steps of the call.</param>
/// <param name="Timestep">Training timestep of the finished step.</param>
/// <param name="EtaMilliseconds">Estimated time to the result; 0 while unknown.</param>
/// <param name="IsModulated">Whether attention was modulated in this step.</param>
public sealed record StepDone(int Step, int TotalSteps, double Timestep, double EtaMilliseconds, bool IsModulated) : GenerationEvent
{
    /// <summary>How long the step was computed, without what ran between it and the one before; zero for the first event.</summary>
    public TimeSpan Took { get; init; }
}

/// <summary>What the clean image looks like after a step.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Image">A small picture.</param>
public sealed record PreviewMade(int Step, RgbImage Image) : GenerationEvent;

namespace Realign.Diffusion.FineStage;

/// <summary>
/// Re-weights attention inside the segments of each sample of a run (Eq. 7-10). Gives one processor per step, which cannot be used for
/// another step; nothing of it changes while a run goes on.
/// </summary>
/// <remarks>Not thread-safe. Owns the layouts.</remarks>
/// <param name="options">Strength and form.</param>
/// <param name="layouts">One per sample of the prompt's half of the batch.</param>
/// <param name="trainSteps">Length of the training schedule, at least 1.</param>
public sealed class AttentionModulator(ModulationOptions options, IReadOnlyList<ModulationLayout> layouts, int trainSteps) : IDisposable
{
    private readonly GainCache _gains = new(options, layouts);

    /// <summary>The processor of a step; null = this step is not modulated. Valid until the modulator is disposed.</summary>
    /// <param name="index">Step, from 0.</param>
    /// <param name="count">Steps of the run.</param>
    /// <param name="timestep">Training timestep.</param>
    /// <param name="firstRow">First row of the batch that is modulated: the prompt's half of a guided batch.</param>
    public IAttentionLogits? AtStep(int index, int count, double timestep, int firstRow)
    {
        var lambda = index < options.ActiveSteps(count) ? options.Lambda(timestep, trainSteps) : 0;
        return lambda > 0 && (options.CrossWeight > 0 || options.SelfWeight > 0) && layouts.Any(layout => !layout.IsEmpty)
            ? new ModulatedAttention(options, layouts, _gains, lambda, firstRow)
            : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _gains.Dispose();
        foreach (var layout in layouts)
            layout.Dispose();
    }
}

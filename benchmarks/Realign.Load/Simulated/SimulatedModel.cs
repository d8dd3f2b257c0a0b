namespace Realign.LoadBenchmark.Simulated;

/// <summary>A model whose steps take time and nothing else.</summary>
/// <param name="step">How much.</param>
internal sealed class SimulatedModel(TimeSpan step)
{
    /// <summary>One step.</summary>
    public void Step(CancellationToken cancellationToken)
    {
        _ = cancellationToken.WaitHandle.WaitOne(step);
        cancellationToken.ThrowIfCancellationRequested();
    }
}

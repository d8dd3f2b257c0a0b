namespace Realign.Cli.Benching;

/// <summary>The calls that ended in one window of time.</summary>
internal sealed record LoadWindow(IReadOnlyList<CallSample> Samples, TimeSpan Length)
{
    public LoadFigures Figures { get; } = LoadFigures.Of(Samples, Length);
}

namespace Realign.Metrics.Statistics;

/// <summary>A share of yes among yes and no, and how sure it is.</summary>
/// <param name="Hits">How many were yes.</param>
/// <param name="Count">How many there were.</param>
/// <param name="Low">Lower end of the interval, 0..1.</param>
/// <param name="High">Upper end, 0..1.</param>
public sealed record ShareInterval(int Hits, int Count, double Low, double High)
{
    /// <summary>The share itself, 0..1.</summary>
    public double Share => Hits / (double)Count;
}

namespace Realign.Metrics.Statistics;

/// <summary>A mean and how sure it is.</summary>
/// <param name="Mean">Mean of the sample itself.</param>
/// <param name="Low">Lower end of the percentile interval.</param>
/// <param name="High">Upper end.</param>
/// <param name="StandardError">Standard deviation of the resampled means (B - 1).</param>
public sealed record BootstrapInterval(double Mean, double Low, double High, double StandardError);

namespace Realign.Cli.Benching;

/// <summary>How long a small call takes.</summary>
/// <param name="Idle">While the service has nothing else to do.</param>
/// <param name="Cancelled">When it is made in the moment in which the caller of a long call left.</param>
internal sealed record CancelLatency(LatencySummary Idle, LatencySummary Cancelled);

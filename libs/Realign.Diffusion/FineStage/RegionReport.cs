namespace Realign.Diffusion.FineStage;

/// <summary>What became of a region.</summary>
/// <param name="Phrase">As requested.</param>
/// <param name="Columns">Its tokens' columns of the text states; empty where it had no effect.</param>
/// <param name="Area">Share of the picture it got, 0..1.</param>
/// <param name="IgnoredBecause">Empty where it had an effect.</param>
public sealed record RegionReport(string Phrase, IReadOnlyList<int> Columns, double Area, string IgnoredBecause);

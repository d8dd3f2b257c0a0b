using Realign.Core.Timings;

namespace Realign.Generator.Drawing;

/// <summary>What was drawn, and how.</summary>
internal sealed record DrawingResult(
    IReadOnlyList<byte[]> Pngs,
    string EffectivePrompt,
    string TruncatedPrompt,
    string SchedulerClass,
    IReadOnlyList<WordMap> HeatMaps,
    IReadOnlyList<RegionReport> Regions,
    StageTimings Timings);

/// <summary>Where a word looked: [height, width] at the size of the latents.</summary>
internal sealed record WordMap(int ImageIndex, string Word, IReadOnlyList<int> Columns, int Height, int Width, float[] Values);

/// <summary>What became of a region; the reason is empty where it had an effect.</summary>
internal sealed record RegionReport(string Phrase, IReadOnlyList<int> Columns, double Area, string IgnoredBecause);

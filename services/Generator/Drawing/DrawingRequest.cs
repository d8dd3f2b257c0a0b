using Realign.Core.Images;
using Realign.Diffusion.Modulation;

namespace Realign.Generator.Drawing;

/// <summary>A checked request: everything but what only the loaded model can tell.</summary>
internal sealed record DrawingRequest
{
    public required string Prompt { get; init; }

    public required string NegativePrompt { get; init; }

    /// <summary>One per image.</summary>
    public required IReadOnlyList<ulong> Seeds { get; init; }

    public required int NumInferenceSteps { get; init; }

    public required double GuidanceScale { get; init; }

    /// <summary>Null = the checkpoint's own size.</summary>
    public int? Width { get; init; }

    /// <summary>Null = the checkpoint's own size.</summary>
    public int? Height { get; init; }

    /// <summary>Published class name; null = the checkpoint's own.</summary>
    public string? SchedulerClass { get; init; }

    public double Eta { get; init; }

    public double GuidanceRescale { get; init; }

    /// <summary>0 = none.</summary>
    public int PreviewEvery { get; init; }

    /// <summary>Longest side in pixels; null = as small as the latents allow without scaling.</summary>
    public int? PreviewSize { get; init; }

    public bool HeatMaps { get; init; }

    /// <summary>Null = a plain run.</summary>
    public FineStageRequest? FineStage { get; init; }

    /// <summary>Drawn with together.</summary>
    public IReadOnlyList<AdapterChoice> Adapters { get; init; } = [];

    public required long MaxPixels { get; init; }
}

/// <summary>An adapter by name, and the factor on it.</summary>
internal sealed record AdapterChoice(string Name, double Strength);

/// <summary>The fine stage of a request.</summary>
internal sealed record FineStageRequest(
    IReadOnlyList<PhraseRegion> Regions, ModulationOptions Options, bool ReplaceEmbeddings, bool SuppressZeroScores, bool ExtendPrompt);

/// <summary>A phrase, its score and where it is; the mask may be absent with score 0.</summary>
internal sealed record PhraseRegion(string Phrase, double Score, BinaryMask? Mask);

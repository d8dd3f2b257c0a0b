using Realign.Core.Images;
using Realign.Core.Timings;
using Realign.Diffusion.FineStage;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Schedulers;

namespace Realign.Diffusion.Generation;

/// <summary>What was generated, and how.</summary>
/// <param name="Images">One per seed.</param>
/// <param name="EffectivePrompt">The prompt that was encoded.</param>
/// <param name="Truncated">The ends of the texts that did not fit the context.</param>
/// <param name="Scheduler">The one that was used.</param>
/// <param name="NumInferenceSteps">Steps of the whole schedule.</param>
/// <param name="GuidanceScale">The one that was used.</param>
/// <param name="HeatMaps">Per image and word, where asked for.</param>
/// <param name="Regions">One report per region of the fine stage.</param>
/// <param name="Ignored">Values of the request that changed nothing.</param>
/// <param name="Timings">Milliseconds per stage.</param>
public sealed record GeneratedImages(
    IReadOnlyList<RgbImage> Images,
    string EffectivePrompt,
    TruncatedTexts Truncated,
    SchedulerKind Scheduler,
    int NumInferenceSteps,
    double GuidanceScale,
    IReadOnlyList<WordHeatMap> HeatMaps,
    IReadOnlyList<RegionReport> Regions,
    IReadOnlyList<IgnoredInput> Ignored,
    CallTimings Timings);

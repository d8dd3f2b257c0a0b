using Realign.Core.Images;
using Realign.Diffusion.Pipelines;
using static TorchSharp.torch;

namespace Realign.Diffusion.FineStage;

/// <summary>
/// Turns phrases and masks into modulated attention (algorithms 5.5, 1-3): disjoint masks, a place in the prompt for each phrase,
/// the phrase's own embedding at that place. Nothing is dropped without a report.
/// </summary>
public sealed class FineStagePlan
{
    private readonly FineStageRequest _request;
    private readonly IReadOnlyList<PlannedRegion> _regions;
    private readonly PromptRequest _texts;

    private FineStagePlan(FineStageRequest request, string prompt, IReadOnlyList<PlannedRegion> regions, PromptRequest texts)
    {
        _texts = texts;
        _request = request;
        Prompt = prompt;
        _regions = regions;
    }

    /// <summary>The prompt with the phrases that had to be added.</summary>
    public string Prompt { get; }

    /// <summary>One report per region of the request, in its order.</summary>
    public IReadOnlyList<RegionReport> Reports => [.. _regions.Select(region => region.Report())];

    /// <summary>Finds pixels and tokens of every region.</summary>
    /// <param name="request">Regions and options.</param>
    /// <param name="tower">Reads the prompt.</param>
    /// <param name="texts">The prompt, its syntax, chunks and embeddings.</param>
    /// <param name="height">Pixels of the picture.</param>
    /// <param name="width">Pixels of the picture.</param>
    public static FineStagePlan Prepare(FineStageRequest request, TextTower tower, PromptRequest texts, int height, int width)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(tower);
        ArgumentNullException.ThrowIfNull(texts);
        IReadOnlyList<PlannedRegion> regions = [.. request.Regions.Select(region =>
            new PlannedRegion(region, null, null, region.Score > 0 || request.SuppressZeroScores ? "" : "its score is 0"))];
        regions = [.. Placed(regions, height, width).Select(region => region.IsPlaced && region.Mask!.Area == 0
            ? region with { IgnoredBecause = region.Requested.Mask!.Area == 0 ? "its mask is empty" : "other segments cover all of it" }
            : region)];
        (var prompt, regions) = new PhraseBinding(tower, texts, request.ExtendPrompt).Bind(texts.Prompts[0], regions);
        // a region that found no place in the prompt leaves its pixels to the others
        regions = Placed(regions, height, width);
        // gains shrink with the area of the background: without any region there is nothing left of them
        if (!regions.Any(region => region.IsPlaced))
            regions = [.. regions.Select(region => region.IsSuppressed ? region with { IgnoredBecause = "no segment of a score above 0 has a region" }
                : region)];
        return new FineStagePlan(request, prompt, regions, texts);
    }

    /// <summary>
    /// Replaces the states of bound phrases by those of the phrase alone, with the weights it has in the prompt. The caller's dispose scope owns the result.
    /// </summary>
    public TextConditions Apply(TextConditions conditions, PromptEncoder encoder)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        ArgumentNullException.ThrowIfNull(encoder);
        PlannedRegion[] placed = [.. _regions.Where(region => region.IsPlaced)];
        if (!_request.ReplaceEmbeddings || placed.Length == 0)
            return conditions;
        using var scope = NewDisposeScope();
        var weights = conditions.Prompts[0].Tokens.Weights;
        var alone = encoder.Encode(new PromptRequest
        {
            Prompts = [.. placed.Select(region => region.Phrase)],
            Syntax = _texts.Syntax,
            Embeddings = _texts.Embeddings,
            TokenWeights = [.. placed.Select(region => region.Span!.Columns.Select(column => weights[column]).ToList())],
        }, guided: false).Positive;
        var replaced = EmbeddingReplacement.Apply(conditions.Positive, alone, [.. placed.Select(region => region.Span)]);
        return conditions with { Positive = replaced.MoveToOuterDisposeScope() };
    }

    /// <summary>What re-weights the attention of one image; the caller disposes it.</summary>
    /// <param name="latentHeight">Rows of the latents.</param>
    /// <param name="latentWidth">Columns of the latents.</param>
    /// <param name="trainSteps">Length of the training schedule.</param>
    /// <param name="device">Where attention runs.</param>
    public AttentionModulator CreateModulator(int latentHeight, int latentWidth, int trainSteps, Device device)
    {
        List<ModulationSegment> segments = [.. _regions.Where(region => region.IsPlaced)
            .Select(region => new ModulationSegment([.. region.Span!.Columns], region.Requested.Score, region.Mask!))];
        int[] suppressed = [.. _regions.Where(region => region.IsSuppressed).SelectMany(region => region.Span!.Columns)];
        return new AttentionModulator(
            _request.Options, [new ModulationLayout(segments, suppressed, _request.Options.Sampling, latentHeight, latentWidth, device)], trainSteps);
    }

    private static List<PlannedRegion> Placed(IReadOnlyList<PlannedRegion> regions, int height, int width)
    {
        var none = new MaskRuns(width, height, [(uint)(width * height)]);
        var masks = MaskRuns.Disjoint(
            [.. regions.Select(region => region.Requested.Mask is { } mask && region.IsPlaced ? mask.Resized(width, height) : none)],
            [.. regions.Select(region => region.IsPlaced ? region.Requested.Score : 0)]);
        return [.. regions.Select((region, i) => region with { Mask = region.Requested.Score > 0 ? masks[i] : null })];
    }
}

using Realign.Core.Images;
using Realign.Diffusion.Modulation;
using Realign.Diffusion.Pipelines;
using static TorchSharp.torch;

namespace Realign.Generator.Drawing;

/// <summary>
/// Turns phrases and masks into modulated attention (algorithms 5.5, 1-3): disjoint masks, a place in the prompt for each phrase,
/// the phrase's own embedding at that place. Nothing is dropped without a report.
/// </summary>
internal sealed class FineStage
{
    private readonly PhraseRegion[] _regions;
    private readonly BinaryMask?[] _masks;
    private readonly PhraseSpan?[] _spans;
    private readonly string[] _ignored;
    private readonly FineStageRequest _request;

    private FineStage(FineStageRequest request, TextTower tower, string prompt, int height, int width)
    {
        _request = request;
        _regions = [.. request.Regions];
        _ignored = [.. _regions.Select(region => region.Score > 0 || request.SuppressZeroScores ? "" : "its score is 0")];
        _masks = Disjoint(_regions, height, width);
        for (var i = 0; i < _regions.Length; i++)
        {
            if (_regions[i].Score > 0 && _masks[i]!.Area == 0)
                _ignored[i] = _regions[i].Mask!.Area == 0 ? "its mask is empty" : "other segments cover all of it";
        }

        (Prompt, _spans) = Bind(tower, prompt);
        // a region that found no place in the prompt leaves its pixels to the others
        _masks = Disjoint([.. _regions.Select((region, i) => _ignored[i].Length == 0 ? region : region with { Score = 0 })], height, width);
        if (!Enumerable.Range(0, _regions.Length).Any(IsActive))
            MarkSuppressionWithoutRegions();
    }

    /// <summary>The prompt with the phrases that had to be added.</summary>
    public string Prompt { get; }

    /// <summary>Finds masks and tokens of every region.</summary>
    public static FineStage Prepare(FineStageRequest request, TextTower tower, string prompt, int height, int width) => new(request, tower, prompt, height, width);

    /// <summary>Replaces the states of bound phrases by those of the phrase alone. The caller's dispose scope owns the result.</summary>
    public TextConditions Apply(TextConditions conditions, PromptEncoder encoder)
    {
        int[] bound = [.. Enumerable.Range(0, _regions.Length).Where(IsActive)];
        if (!_request.ReplaceEmbeddings || bound.Length == 0)
            return conditions;
        using var scope = NewDisposeScope();
        var alone = encoder.Encode(new PromptRequest { Prompts = [.. bound.Select(i => _regions[i].Phrase)] }, guided: false).Positive;
        var replaced = EmbeddingReplacement.Apply(conditions.Positive, alone, [.. bound.Select(i => _spans[i])]);
        return conditions with { Positive = replaced.MoveToOuterDisposeScope() };
    }

    /// <summary>The processor for one image.</summary>
    public AttentionModulator Modulator(int latentHeight, int latentWidth, Device device)
    {
        List<ModulationSegment> segments = [.. Enumerable.Range(0, _regions.Length).Where(IsActive)
            .Select(i => new ModulationSegment([.. _spans[i]!.Columns], _regions[i].Score, _masks[i]!))];
        int[] suppressed = [.. Enumerable.Range(0, _regions.Length)
            .Where(i => _regions[i].Score == 0 && _ignored[i].Length == 0).SelectMany(i => _spans[i]!.Columns)];
        return new AttentionModulator(_request.Options, [new ModulationLayout(segments, suppressed, _request.Options.Sampling, latentHeight, latentWidth, device)]);
    }

    /// <summary>One report per region of the request.</summary>
    public IReadOnlyList<RegionReport> Reports() => [.. _regions.Select((region, i) => new RegionReport(
        region.Phrase, _ignored[i].Length == 0 ? [.. _spans[i]!.Columns] : [],
        _masks[i] is { } mask ? mask.Area / (double)mask.Cells.Length : 0, _ignored[i]))];

    // gains shrink with the area of the background: without any region there is nothing left of them
    private void MarkSuppressionWithoutRegions()
    {
        for (var i = 0; i < _regions.Length; i++)
        {
            if (_ignored[i].Length == 0)
                _ignored[i] = "no segment of a score above 0 has a region";
        }
    }

    private bool IsActive(int region) => _regions[region].Score > 0 && _ignored[region].Length == 0;

    private static BinaryMask?[] Disjoint(PhraseRegion[] regions, int height, int width)
    {
        int[] placed = [.. Enumerable.Range(0, regions.Length).Where(i => regions[i].Score > 0)];
        var resolved = SegmentMasks.Resolve(
            [.. placed.Select(i => SegmentMasks.Nearest(regions[i].Mask!, width, height))], [.. placed.Select(i => regions[i].Score)]);
        var masks = new BinaryMask?[regions.Length];
        for (var i = 0; i < placed.Length; i++)
            masks[placed[i]] = resolved[i];
        return masks;
    }

    private (string Prompt, PhraseSpan?[] Spans) Bind(TextTower tower, string prompt)
    {
        int[] wanted = [.. Enumerable.Range(0, _regions.Length).Where(i => _ignored[i].Length == 0)];
        IReadOnlyList<IReadOnlyList<int>> phrases = [.. wanted.Select(i => Words(tower, _regions[i].Phrase))];
        var found = Find(tower, prompt, phrases);
        // a phrase of score 0 is never written into the prompt: that would call for what must not appear
        int[] missing = [.. Enumerable.Range(0, wanted.Length).Where(k => found[k] is null && phrases[k].Count > 0 && _regions[wanted[k]].Score > 0)];
        if (_request.ExtendPrompt && missing.Length > 0)
        {
            var fitting = PhraseSpans.Fitting(Words(tower, prompt).Count, missing, [.. phrases.Select(phrase => phrase.Count)],
                [.. wanted.Select(i => _regions[i].Score)], tower.ContextLength - 2);
            if (fitting.Count > 0)
            {
                prompt = string.Join(", ", [prompt, .. fitting.Select(k => _regions[wanted[k]].Phrase)]);
                found = Find(tower, prompt, phrases);
            }
        }

        var spans = new PhraseSpan?[_regions.Length];
        for (var k = 0; k < wanted.Length; k++)
        {
            spans[wanted[k]] = found[k];
            if (found[k] is null)
                _ignored[wanted[k]] = WhyUnbound(phrases[k].Count, _regions[wanted[k]].Score);
        }

        return (prompt, spans);
    }

    private string WhyUnbound(int tokens, double score) => tokens == 0
        ? "its phrase has no token"
        : score > 0 && _request.ExtendPrompt
            ? "its phrase does not fit behind the prompt"
            : "its phrase does not occur in the prompt";

    private static IReadOnlyList<PhraseSpan?> Find(TextTower tower, string prompt, IReadOnlyList<IReadOnlyList<int>> phrases)
    {
        var words = Words(tower, prompt);
        // only what the text encoder reads can be bound
        return PhraseSpans.Find([.. words.Take(tower.ContextLength - 2)], phrases, tower.Tokenizer.EndsWord);
    }

    private static List<int> Words(TextTower tower, string text) => [.. tower.Tokenizer.Encode(text)[1..^1]];
}

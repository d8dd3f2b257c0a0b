using Realign.Core.Prompts;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.TextualInversion;

namespace Realign.Diffusion.FineStage;

/// <summary>Finds the tokens of regions in the prompt, and adds phrases to it that do not occur.</summary>
/// <param name="tower">Reads the prompt.</param>
/// <param name="request">Syntax, chunks and embeddings.</param>
/// <param name="extendPrompt">Whether missing phrases are added.</param>
internal sealed class PhraseBinding(TextTower tower, PromptRequest request, bool extendPrompt)
{
    private readonly PromptVocabulary _vocabulary = new(tower, request.Embeddings);

    /// <summary>The prompt as it must be encoded, and the regions with their spans or the reason why they have none.</summary>
    public (string Prompt, IReadOnlyList<PlannedRegion> Regions) Bind(string prompt, IReadOnlyList<PlannedRegion> regions)
    {
        int[] wanted = [.. Enumerable.Range(0, regions.Count).Where(i => !regions[i].IsIgnored)];
        regions = [.. regions.Select(region => region with { Phrase = Spelled(prompt, region.Requested.Phrase) })];
        IReadOnlyList<IReadOnlyList<int>> phrases = [.. wanted.Select(i => Words(regions[i].Phrase))];
        var found = Find(prompt, phrases);
        // a phrase of score 0 is never written into the prompt: that would call for what must not appear
        int[] missing = [.. Enumerable.Range(0, wanted.Length).Where(k => found[k] is null && phrases[k].Count > 0 && regions[wanted[k]].IsPlaced)];
        if (extendPrompt && missing.Length > 0)
        {
            var fitting = PhraseSpans.Fitting(Tokens(prompt).Columns.Count, missing, [.. phrases.Select(phrase => phrase.Count)],
                [.. wanted.Select(i => regions[i].Requested.Score)], tower.Room * request.MaxChunks);
            if (fitting.Count > 0)
            {
                prompt = string.Join(", ", [prompt, .. fitting.Select(k => PromptFragments.Escape(regions[wanted[k]].Phrase, request.Syntax))]);
                found = Find(prompt, phrases);
            }
        }

        var bound = regions.ToList();
        for (var k = 0; k < wanted.Length; k++)
        {
            var region = bound[wanted[k]];
            bound[wanted[k]] = found[k] is { } span ? region with { Span = span } : region with { IgnoredBecause = WhyUnbound(phrases[k].Count, region) };
        }

        return (prompt, bound);
    }

    private string WhyUnbound(int tokens, PlannedRegion region) => tokens == 0
        ? "its phrase has no token"
        : region.IsPlaced && extendPrompt
            ? "its phrase does not fit behind the prompt"
            : "its phrase does not occur in the prompt";

    // only what the text encoder reads can be bound
    private IReadOnlyList<PhraseSpan?> Find(string prompt, IReadOnlyList<IReadOnlyList<int>> phrases)
    {
        var tokens = Tokens(prompt);
        var spans = PhraseSpans.Find([.. tokens.TextIds], phrases, _vocabulary.EndsWord);
        return tokens.Ids.Length == tower.ContextLength
            ? spans
            : [.. spans.Select(span => span is null ? null : span with { Places = [.. tokens.Columns.Skip(span.First - 1).Take(span.Length)] })];
    }

    private PromptTokens Tokens(string prompt) => tower.Tokenize(prompt, request);

    private List<int> Words(string text) => [.. _vocabulary.Encode(text).SelectMany(ids => ids)];

    // readers of the prompt know an embedding by plain words
    private string Spelled(string prompt, string phrase) =>
        request.Embeddings?.WithTokens(phrase) is { } spelled && Find(prompt, [Words(phrase)])[0] is null && Find(prompt, [Words(spelled)])[0] is not null
            ? spelled
            : phrase;
}

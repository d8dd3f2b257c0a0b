using System.Text;
using System.Text.Json;
using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Core.Text;
using Realign.Core.Threads;
using Realign.Llama;
using Realign.Llama.Chat;

namespace Realign.SceneScoring;

/// <summary>
/// Asks a language model what an image of a prompt would show. A grammar per request makes every answer valid whatever the model; the
/// answer is then held against the prompt. For one thread at a time; greedy, so equal requests have equal answers.
/// </summary>
public sealed class SceneScorer : IDisposable
{
    private const int TokensPerTag = 40;
    private const int TokensForMissing = 64;

    private readonly LlamaModel _model;
    private readonly LlamaContext _context;
    private readonly ChatTemplate _template;
    private readonly SceneInstruction _instruction;
    private readonly SceneKnowledge _knowledge;
    private readonly int _maxTagsPerTurn;

    private SceneScorer(
        LlamaModel model, LlamaContext context, ChatTemplate template, SceneInstruction instruction, SceneKnowledge knowledge, int maxTagsPerTurn)
    {
        _model = model;
        _context = context;
        _template = template;
        _instruction = instruction;
        _knowledge = knowledge;
        _maxTagsPerTurn = maxTagsPerTurn;
    }

    /// <summary>The model's family and size.</summary>
    public string Description => _model.Description;

    /// <summary>Loads a model with what lies beside it (<c>prompt.json</c>, <c>affinity.json</c>), and warms it up.</summary>
    /// <param name="path">A GGUF file.</param>
    /// <param name="options">Sizes.</param>
    /// <param name="cancellationToken">Stops the warm-up.</param>
    /// <exception cref="NotFoundException">There is no such file.</exception>
    /// <exception cref="ModelLoadException">It cannot be used.</exception>
    public static SceneScorer Load(string path, SceneScoringOptions options, CancellationToken cancellationToken)
    {
        var instruction = SceneInstruction.For(path);
        var affinity = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "affinity.json");
        var knowledge = ModelFile.Exists(affinity) ? SceneKnowledge.Load(affinity) : SceneKnowledge.None;
        var model = LlamaModel.Load(path, options.UseGpu);
        LlamaContext? context = null;
        try
        {
            var template = (options.ChatFormat is { } format ? new ChatTemplate(format) : model.Template)
                ?? throw new ModelLoadException(path, "its chat template is missing or of an unknown format",
                    "name its format in SceneScorer:ChatFormat, or use an instruction-tuned model of the Vicuna, Llama, ChatML or Gemma family");
            context = model.CreateContext(new LlamaContextOptions
            {
                ContextSize = Math.Min(options.ContextSize, model.TrainedContext),
                Threads = ThreadCount.For(options.Threads, model.File.Tensors.Sum(tensor => tensor.Length)),
            });
            var scorer = new SceneScorer(model, context, template, instruction, knowledge, options.MaxTagsPerTurn);
            _ = scorer.Score("a red car", ["car"], cancellationToken);
            return scorer;
        }
        catch
        {
            context?.Dispose();
            model.Dispose();
            throw;
        }
    }

    /// <summary>Scores tags.</summary>
    /// <param name="prompt">Any text without NUL.</param>
    /// <param name="tags">Any number, each a text without NUL; repeated ones (after case folding) are answered once, as first written.</param>
    /// <param name="cancellationToken">Checked between tokens and inside each computation.</param>
    public SceneScores Score(string prompt, IReadOnlyList<string> tags, CancellationToken cancellationToken)
    {
        var unique = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var tag in tags)
            _ = unique.TryAdd(Fold(tag), tag);
        var folded = unique.Keys.ToList();
        var rule = new WordMatchRule(prompt, folded, _knowledge);
        var repair = new SceneRepair(rule);
        var entries = new List<SceneEntry>();
        var missing = new List<SceneVerdict>();
        var attempts = 0;
        foreach (var turn in Turns(folded))
        {
            var (answer, attempt) = Ask(prompt, turn, cancellationToken);
            attempts = Math.Max(attempts, attempt);
            if (answer is null)
            {
                entries.AddRange(turn.SelectMany(tag => repair.Unanswered(tag, "answered by rule")));
                continue;
            }

            var byTag = answer.Where(verdict => verdict.Source == EntrySource.Tag).ToDictionary(verdict => verdict.Tag, StringComparer.Ordinal);
            entries.AddRange(turn.SelectMany(tag => repair.Tag(byTag[tag])));
            missing.AddRange(answer.Where(verdict => verdict.Source == EntrySource.Missing));
        }

        return new SceneScores([.. entries.Select(entry => entry with { Tag = unique[entry.Tag] }), .. repair.Missing(missing)], attempts > 0, attempts);
    }

    /// <summary>Lists the objects of a prompt.</summary>
    /// <param name="prompt">Any text without NUL.</param>
    /// <param name="cancellationToken">Checked between tokens and inside each computation.</param>
    public SceneEntities Extract(string prompt, CancellationToken cancellationToken)
    {
        var rule = new EntityRule(prompt);
        if (Generate(_instruction.Entities(prompt), SceneGrammar.Entities, TokensForMissing, _instruction.MaxTokens, cancellationToken) is not { } reply)
            return rule.Complete([]);
        using var document = JsonDocument.Parse(reply);
        return rule.Complete(document.RootElement.EnumerateArray().Select(item => (
            item.GetProperty("entity").GetString()!,
            (IReadOnlyList<string>)[.. item.GetProperty("attributes").EnumerateArray().Select(attribute => attribute.GetString()!)])));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _context.Dispose();
        _model.Dispose();
    }

    /// <summary>At least one turn, so that a request without tags still gets its missing objects.</summary>
    private IEnumerable<IReadOnlyList<string>> Turns(List<string> tags) => tags.Count == 0 ? [[]] : tags.Chunk(_maxTagsPerTurn);

    /// <summary>First the whole answer; if it does not end in time, scores alone, whose length is known; else nothing.</summary>
    private (IReadOnlyList<SceneVerdict>? Verdicts, int Attempts) Ask(string prompt, IReadOnlyList<string> tags, CancellationToken cancellationToken)
    {
        var messages = _instruction.Score(prompt, tags);
        var attempt = 1;
        foreach (var grammar in tags.Count > 0 ? [SceneGrammar.Score(tags), SceneGrammar.ScoreOnly(tags)] : new[] { SceneGrammar.Score(tags) })
        {
            var literal = tags.Sum(tag => Encoding.UTF8.GetByteCount(tag));
            var needed = attempt == 1 ? TokensForMissing + (tags.Count * TokensPerTag) : literal + (tags.Count * TokensPerTag);
            var limit = attempt == 1 ? Math.Max(_instruction.MaxTokens, needed) : literal + (tags.Count * TokensPerTag * 2) + TokensForMissing;
            if (Generate(messages, grammar, needed, limit, cancellationToken) is { } reply)
            {
                var answer = SceneAnswer.Parse(reply, [.. tags]);
                if (answer.BrokenRule is null)
                    return (answer.Entries, attempt);
            }

            attempt++;
        }

        return (null, 0);
    }

    /// <summary>A complete reply, or null when it does not fit or does not end.</summary>
    private string? Generate(IReadOnlyList<ChatMessage> messages, string gbnf, int neededTokens, int maxTokens, CancellationToken cancellationToken)
    {
        if (_template.Family == ChatFamily.Gemma)
            messages = MergeSystem(messages);
        var prompt = ChatTokenizer.Tokenize(_model.Vocabulary, _template.Render(messages, addGenerationPrompt: true));
        if (prompt.Length + neededTokens > _context.Capacity)
            return null;
        using var grammar = new LlamaGrammar(_model, gbnf);
        _context.Clear();
        var answer = GreedyDecoder.Decode(_context, prompt, new GreedyOptions { MaxTokens = maxTokens, Grammar = grammar }, cancellationToken);
        return answer.End == AnswerEnd.Complete ? answer.Text : null;
    }

    private static List<ChatMessage> MergeSystem(IReadOnlyList<ChatMessage> messages) =>
        [messages[1] with { Content = $"{messages[0].Content}\n\n{messages[1].Content}" }, .. messages.Skip(2)];

    private static string Fold(string tag) => CanonicalForm.Compose(tag).ToLowerInvariant();
}

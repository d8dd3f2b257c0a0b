using Realign.Clip.Text;
using Realign.Core.Prompts;
using Realign.Diffusion.TextualInversion;
using Realign.Tokenizers;
using static TorchSharp.torch;

namespace Realign.Diffusion.Pipelines;

/// <summary>The one place where prompts become text states.</summary>
public abstract class PromptEncoder
{
    private protected PromptEncoder(TextTower tower) => Tower = tower;

    /// <summary>The first (or only) text tower.</summary>
    public TextTower Tower { get; }

    /// <summary>All text towers, in the order of their states.</summary>
    public virtual IReadOnlyList<TextTower> Towers => [Tower];

    /// <summary>Whether a second text tower reads prompts of its own.</summary>
    public virtual bool HasSecondTower => false;

    /// <summary>The ends of the first texts that do not fit their towers' contexts; empty where all is read.</summary>
    /// <param name="request">Texts.</param>
    public virtual TruncatedTexts Truncated(PromptRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new TruncatedTexts(Rest(Tower, request, request.Prompts), Rest(Tower, request, request.NegativePrompts), "", "");
    }

    /// <summary>Encodes prompts.</summary>
    /// <param name="request">Texts.</param>
    /// <param name="guided">Whether negative states are needed.</param>
    /// <exception cref="Realign.Core.Errors.InvalidInputException">Counts differ, or clip skip leaves no layer.</exception>
    public TextConditions Encode(PromptRequest request, bool guided)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Check(Tower.Model.Config.NumHiddenLayers, HasSecondTower);
        return EncodeChecked(request, guided);
    }

    private protected abstract TextConditions EncodeChecked(PromptRequest request, bool guided);

    private protected static string Rest(TextTower tower, PromptRequest request, IReadOnlyList<string>? texts) =>
        texts is [var first, ..] ? tower.Tokenize(first, request).TruncatedRest : "";

    private protected static List<EncodedPrompt> Describe(IReadOnlyList<string> texts, IReadOnlyList<PromptTokens> tokens) =>
        [.. texts.Zip(tokens, (text, ids) => new EncodedPrompt(text, ids))];

    private protected static List<PromptTokens> Tokenize(TextTower tower, PromptRequest request, IReadOnlyList<string> texts) =>
        [.. texts.Select((text, index) => tower.Tokenize(text, request, request.TokenWeights?[index]))];

    // positive and negative states are as long as the longest of them
    private protected static int Chunks(TextTower tower, params IEnumerable<PromptTokens> prompts) =>
        prompts.Max(prompt => prompt.Ids.Length) / tower.ContextLength;
}

/// <summary>A text tower with the tokenizer it was trained with.</summary>
/// <param name="Tokenizer">Text to ids.</param>
/// <param name="Model">Ids to states.</param>
public sealed record TextTower(ClipTokenizer Tokenizer, CLIPTextModel Model)
{
    /// <summary>0 = the first text tower of its model, 1 = the second.</summary>
    public int Index { get; init; }

    /// <summary>Ids in one prompt, begin, end and padding included.</summary>
    public int ContextLength => Math.Min(Tokenizer.MaxLength, Model.Config.MaxPositionEmbeddings);

    /// <summary>Tokens of a text that one context holds.</summary>
    public int Room => ContextLength - 2;

    /// <summary>Lays a text out in contexts.</summary>
    /// <param name="text">With the syntax of the request.</param>
    /// <param name="request">Syntax, chunks and embeddings.</param>
    /// <param name="tokenWeights">Weights of the tokens in order; null = those that the text says.</param>
    /// <exception cref="Realign.Core.Errors.InvalidInputException">The text breaks its syntax.</exception>
    public PromptTokens Tokenize(string text, PromptRequest request, IReadOnlyList<double>? tokenWeights = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        var fragments = PromptFragments.Parse("prompt", text, tokenWeights is null ? request.Syntax : PromptSyntax.Plain);
        return new PromptChunker(this, request.Embeddings).Lay(fragments, request.Syntax, request.MaxChunks, tokenWeights);
    }

    /// <summary>Runs the tower over ids.</summary>
    /// <param name="prompts">Whole contexts each.</param>
    /// <param name="attentionMask">int64 (contexts, T), 0 = not attended to; null = all are.</param>
    /// <param name="embeddings">Whose ids are among them; null = none are.</param>
    /// <returns>One row per context.</returns>
    public CLIPTextOutput Run(IReadOnlyList<int[]> prompts, Tensor? attentionMask = null, PromptEmbeddings? embeddings = null)
    {
        using var scope = NewDisposeScope();
        var device = Model.TokenEmbedding.weight.device;
        var ids = tensor([.. prompts.SelectMany(text => text).Select(id => (long)id)], device: device).view(-1, ContextLength);
        var output = Model.forward(ids, attentionMask?.to(device), embeddings?.Rows(this));
        foreach (var state in output.HiddenStates)
            _ = state.MoveToOuterDisposeScope();
        _ = output.LastHiddenState.MoveToOuterDisposeScope();
        _ = output.PooledOutput.MoveToOuterDisposeScope();
        return output;
    }
}

/// <summary>Stable Diffusion 1.x and 2.x: last hidden state after the final norm; an absent negative prompt is an empty one.</summary>
internal sealed class StableDiffusionPromptEncoder(TextTower tower) : PromptEncoder(tower)
{
    private protected override TextConditions EncodeChecked(PromptRequest request, bool guided)
    {
        using var scope = NewDisposeScope();
        var tokens = Tokenize(Tower, request, request.Prompts);
        var texts = request.NegativePrompts ?? [.. request.Prompts.Select(_ => "")];
        var negativeTokens = guided ? Tokenize(Tower, request with { TokenWeights = null }, texts) : [];
        var chunks = Chunks(Tower, [.. tokens, .. negativeTokens]);
        var skip = request.ClipSkip ?? 0;
        var (positive, _) = States(output => skip > 0 ? Tower.Model.FinalNorm(output.HiddenStates[^(1 + skip)]) : output.LastHiddenState, tokens);
        var negative = guided ? States(output => output.LastHiddenState, negativeTokens).States : null;
        return new TextConditions(Describe(request.Prompts, tokens), positive.MoveToOuterDisposeScope(), negative?.MoveToOuterDisposeScope());

        (Tensor States, Tensor Pooled) States(Func<CLIPTextOutput, Tensor> select, IReadOnlyList<PromptTokens> prompts) =>
            new WeightedStates(Tower, select, request).Encode(prompts, chunks);
    }
}

/// <summary>
/// Stable Diffusion XL: the last but one hidden state of both towers side by side, without final norm, and the pooled text of the second. The refiner has
/// no first tower, and the second reads the first prompt.
/// </summary>
internal sealed class StableDiffusionXLPromptEncoder(TextTower? first, TextTower second, bool zerosForNoNegative) : PromptEncoder(first ?? second)
{
    public override bool HasSecondTower => first is not null;

    public override IReadOnlyList<TextTower> Towers => first is null ? [second] : [first, second];

    public override TruncatedTexts Truncated(PromptRequest request) => !HasSecondTower ? base.Truncated(request) : base.Truncated(request) with
    {
        Prompt2 = Rest(second, request, request.Prompts2 ?? request.Prompts),
        NegativePrompt2 = Rest(second, request, request.NegativePrompts2 ?? request.NegativePrompts),
    };

    private protected override TextConditions EncodeChecked(PromptRequest request, bool guided)
    {
        using var scope = NewDisposeScope();
        var tokens = Read(request, request.Prompts, request.Prompts2);
        var hasZeros = request.NegativePrompts is null && request.NegativePrompts2 is null && zerosForNoNegative;
        var texts = request.NegativePrompts ?? [.. request.Prompts.Select(_ => "")];
        var negativeTokens = guided && !hasZeros ? Read(request with { TokenWeights = null }, texts, request.NegativePrompts2) : ([], []);
        var chunks = Chunks(Tower, [.. tokens.First, .. tokens.Second, .. negativeTokens.First, .. negativeTokens.Second]);
        var (positive, pooled) = Both(request, tokens, chunks, request.ClipSkip ?? 0);
        Tensor? negative = null;
        Tensor? negativePooled = null;
        if (guided)
            (negative, negativePooled) = hasZeros ? (zeros_like(positive), zeros_like(pooled)) : Both(request, negativeTokens, chunks, 0);
        return new TextConditions(
            Describe(request.Prompts, tokens.First), positive.MoveToOuterDisposeScope(), negative?.MoveToOuterDisposeScope(),
            pooled.MoveToOuterDisposeScope(), negativePooled?.MoveToOuterDisposeScope());
    }

    private (List<PromptTokens> First, List<PromptTokens> Second) Read(PromptRequest request, IReadOnlyList<string> texts, IReadOnlyList<string>? texts2) =>
        (Tokenize(Tower, request, texts), Tokenize(second, request, texts2 ?? texts));

    private (Tensor States, Tensor Pooled) Both(PromptRequest request, (List<PromptTokens> First, List<PromptTokens> Second) tokens, int chunks, int skip)
    {
        var (states, pooled) = new WeightedStates(second, output => output.HiddenStates[^(2 + skip)], request).Encode(tokens.Second, chunks);
        if (first is not null)
        {
            var (firstStates, _) = new WeightedStates(first, output => output.HiddenStates[^(2 + skip)], request).Encode(tokens.First, chunks);
            states = cat([firstStates, states], -1);
        }

        return (states, ((CLIPTextModelWithProjection)second.Model).Project(pooled));
    }
}

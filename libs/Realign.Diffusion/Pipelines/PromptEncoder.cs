using Realign.Clip.Text;
using Realign.Tokenizers;
using static TorchSharp.torch;

namespace Realign.Diffusion.Pipelines;

/// <summary>The one place where prompts become text states.</summary>
public abstract class PromptEncoder
{
    private protected PromptEncoder(TextTower tower) => Tower = tower;

    /// <summary>The first (or only) text tower.</summary>
    public TextTower Tower { get; }

    /// <summary>Whether a second text tower reads prompts of its own.</summary>
    public virtual bool HasSecondTower => false;

    /// <summary>The ends of the first texts that do not fit their towers' contexts; empty where all is read.</summary>
    /// <param name="request">Texts.</param>
    public virtual TruncatedTexts Truncated(PromptRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new TruncatedTexts(Rest(Tower, request.Prompts), Rest(Tower, request.NegativePrompts), "", "");
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

    private protected static string Rest(TextTower tower, IReadOnlyList<string>? texts) =>
        texts is [var first, ..] ? tower.Tokenize([first])[0].TruncatedRest : "";

    private protected static List<EncodedPrompt> Describe(IReadOnlyList<string> texts, IReadOnlyList<PaddedTokens> tokens) =>
        [.. texts.Zip(tokens, (text, ids) => new EncodedPrompt(text, ids))];
}

/// <summary>A text tower with the tokenizer it was trained with.</summary>
/// <param name="Tokenizer">Text to ids.</param>
/// <param name="Model">Ids to states.</param>
public sealed record TextTower(ClipTokenizer Tokenizer, CLIPTextModel Model)
{
    /// <summary>Ids in one prompt, begin, end and padding included.</summary>
    public int ContextLength => Math.Min(Tokenizer.MaxLength, Model.Config.MaxPositionEmbeddings);

    /// <summary>Pads or cuts each text to the context.</summary>
    public IReadOnlyList<PaddedTokens> Tokenize(IReadOnlyList<string> texts) => [.. texts.Select(text => Tokenizer.EncodePadded(text, ContextLength))];

    /// <summary>Runs the tower over padded ids.</summary>
    public CLIPTextOutput Run(IReadOnlyList<PaddedTokens> tokens)
    {
        using var scope = NewDisposeScope();
        var ids = tensor([.. tokens.SelectMany(text => text.Ids).Select(id => (long)id)], [tokens.Count, ContextLength],
            device: Model.TokenEmbedding.weight.device);
        var output = Model.forward(ids);
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
        var tokens = Tower.Tokenize(request.Prompts);
        var output = Tower.Run(tokens);
        var positive = request.ClipSkip is { } skip and > 0 ? Tower.Model.FinalNorm(output.HiddenStates[^(1 + skip)]) : output.LastHiddenState;
        var negative = guided
            ? Tower.Run(Tower.Tokenize(request.NegativePrompts ?? [.. request.Prompts.Select(_ => "")])).LastHiddenState
            : null;
        return new TextConditions(Describe(request.Prompts, tokens), positive.MoveToOuterDisposeScope(), negative?.MoveToOuterDisposeScope());
    }
}

/// <summary>Stable Diffusion XL: the last but one hidden state of both towers side by side, without final norm, and the pooled text of the second.</summary>
internal sealed class StableDiffusionXLPromptEncoder(TextTower first, TextTower second, bool zerosForNoNegative) : PromptEncoder(first)
{
    public override bool HasSecondTower => true;

    public override TruncatedTexts Truncated(PromptRequest request) => base.Truncated(request) with
    {
        Prompt2 = Rest(second, request.Prompts2 ?? request.Prompts),
        NegativePrompt2 = Rest(second, request.NegativePrompts2 ?? request.NegativePrompts),
    };

    private protected override TextConditions EncodeChecked(PromptRequest request, bool guided)
    {
        using var scope = NewDisposeScope();
        var (positive, pooled, tokens) = Both(request.Prompts, request.Prompts2 ?? request.Prompts, request.ClipSkip ?? 0);
        Tensor? negative = null;
        Tensor? negativePooled = null;
        if (guided && request.NegativePrompts is null && request.NegativePrompts2 is null && zerosForNoNegative)
        {
            negative = zeros_like(positive);
            negativePooled = zeros_like(pooled);
        }
        else if (guided)
        {
            var texts = request.NegativePrompts ?? [.. request.Prompts.Select(_ => "")];
            (negative, negativePooled, _) = Both(texts, request.NegativePrompts2 ?? texts, 0);
        }

        return new TextConditions(
            Describe(request.Prompts, tokens), positive.MoveToOuterDisposeScope(), negative?.MoveToOuterDisposeScope(),
            pooled.MoveToOuterDisposeScope(), negativePooled?.MoveToOuterDisposeScope());
    }

    private (Tensor States, Tensor Pooled, IReadOnlyList<PaddedTokens> Tokens) Both(IReadOnlyList<string> texts, IReadOnlyList<string> texts2, int skip)
    {
        var tokens = Tower.Tokenize(texts);
        var output = Tower.Run(tokens);
        var output2 = second.Run(second.Tokenize(texts2));
        var states = cat([output.HiddenStates[^(2 + skip)], output2.HiddenStates[^(2 + skip)]], -1);
        return (states, ((CLIPTextModelWithProjection)second.Model).Project(output2.PooledOutput), tokens);
    }
}

using Realign.Core.Errors;
using Realign.Tokenizers;
using Realign.Torch;
using Realign.VisionLanguage.Blip2;
using Realign.VisionLanguage.Generation;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Captioning;

/// <summary>BLIP-2 with OPT (byte-level BPE) or T5 (SentencePiece).</summary>
internal sealed class Blip2CaptionModel(Blip2ForConditionalGeneration model, ITextTokenizer tokenizer) : CaptionModel
{
    // longest scored text of the original code
    private const int MaxTokens = 32;

    public override string Family => "blip-2";

    public override int ImageSize => model.Config.Vision.ImageSize;

    public static Blip2CaptionModel Load(string folder, TorchPlacement placement)
    {
        var model = Blip2ForConditionalGeneration.Load(folder, placement);
        try
        {
            return new Blip2CaptionModel(model, model.Config.T5 is null ? Gpt2Tokenizer.Load(folder) : T5Tokenizer.Load(folder));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    // both tokenizers put </s> where their model wants it: OPT in front of the prompt, T5 behind it
    public override (int NumPromptTokens, IReadOnlyList<GeneratedText> Texts) Generate(
        Tensor pixelValues, string prompt, GenerationOptions options, CancellationToken cancellationToken)
    {
        var ids = tokenizer.Encode(prompt);
        return (ids.Length, model.Generate(pixelValues, ids, options, cancellationToken));
    }

    public override string Decode(IReadOnlyList<int> ids) => tokenizer.Decode([.. ids], skipSpecialTokens: true);

    /// <remarks>
    /// Algorithms 1.7, "ours". OPT: <c>&lt;/s&gt;</c> is context and never scored, the newline that ends a caption is scored when it fits.
    /// T5: the encoder reads only <c>&lt;/s&gt;</c> after the image, the text and its <c>&lt;/s&gt;</c> are scored.
    /// </remarks>
    public override PreparedPrompt Prepare(string prompt) => Prepare(prompt, MaxTokens);

    internal PreparedPrompt Prepare(string prompt, int maxTokens)
    {
        var (all, promptIds, first) = model.Config.T5 is { } t5
            ? (tokenizer.Encode(prompt), (IReadOnlyList<int>)[t5.EosTokenId], 0)
            : (tokenizer.Encode(prompt + "\n"), [], 1);
        var (ids, reading) = TextReading.Cut(tokenizer, all, maxTokens);
        var text = new TeacherForcedText(promptIds, ids, first);
        return text.ScoredCount > 0
            ? new PreparedPrompt(text, reading)
            : throw new InvalidInputException("prompt", "no token", "nothing is left of it after tokenizing", "use words");
    }

    public override Tensor Score(Tensor pixelValues, IReadOnlyList<TeacherForcedText> texts)
    {
        using var scope = NewDisposeScope();
        return Likelihood.Mean(model.TokenLogProbabilities(pixelValues, texts), texts).MoveToOuterDisposeScope();
    }

    public override void Dispose() => model.Dispose();
}

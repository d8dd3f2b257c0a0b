using Realign.Core.Errors;
using Realign.Tokenizers;
using Realign.Torch;
using Realign.VisionLanguage.Blip;
using Realign.VisionLanguage.Generation;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Captioning;

/// <summary>BLIP with its WordPiece tokenizer, which does not know [DEC]: the config does.</summary>
internal sealed class BlipCaptionModel(BlipForConditionalGeneration model, BertTokenizer tokenizer) : CaptionModel
{
    // what CoMat puts in front of a prompt and does not score (algorithms 1.6)
    private const string LikelihoodPrefix = "a photography of";

    public override string Family => "blip";

    public override int ImageSize => model.Config.Vision.ImageSize;

    public static BlipCaptionModel Load(string folder, TorchPlacement placement)
    {
        var model = BlipForConditionalGeneration.Load(folder, placement);
        try
        {
            return new BlipCaptionModel(model, BertTokenizer.Load(folder));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    // [CLS] prompt [SEP] becomes [DEC] prompt
    public override (int NumPromptTokens, IReadOnlyList<GeneratedText> Texts) Generate(
        Tensor pixelValues, string prompt, GenerationOptions options, CancellationToken cancellationToken)
    {
        int[] ids = [model.Config.Text.BosTokenId, .. tokenizer.Encode(prompt)[1..^1]];
        return (ids.Length, model.Generate(pixelValues, ids, options, cancellationToken));
    }

    // ids that only the model knows are special ones
    public override string Decode(IReadOnlyList<int> ids) =>
        tokenizer.Decode([.. ids.Where(id => id < tokenizer.VocabularySize)], skipSpecialTokens: true);

    public override PreparedPrompt Prepare(string prompt)
    {
        var ids = tokenizer.Encode($"{LikelihoodPrefix} {prompt.ToLowerInvariant()}");
        var prefix = tokenizer.Encode(LikelihoodPrefix).Length - 1;
        // the end token alone is no text
        if (ids.Length - 1 <= prefix)
            throw new InvalidInputException("prompt", "no token", "nothing is left of it after tokenizing", "use words");
        var (kept, reading) = TextReading.CutBeforeEnd(tokenizer, ids, model.Config.Text.MaxPositionEmbeddings);
        return new PreparedPrompt(new TeacherForcedText(kept[..1], kept[1..], prefix - 1), reading);
    }

    public override Tensor Score(Tensor pixelValues, IReadOnlyList<TeacherForcedText> texts)
    {
        using var scope = NewDisposeScope();
        return Likelihood.Mean(model.TokenLogProbabilities(pixelValues, texts), texts).MoveToOuterDisposeScope();
    }

    public override void Dispose() => model.Dispose();
}

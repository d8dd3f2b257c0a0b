using Realign.Tokenizers;
using Realign.Torch;
using Realign.VisionLanguage.Blip2;
using Realign.VisionLanguage.Generation;
using Realign.VisionLanguage.Rewards;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Captioning;

/// <summary>BLIP-2 with OPT (byte-level BPE) or T5 (SentencePiece).</summary>
internal sealed class Blip2CaptionModel(Blip2ForConditionalGeneration model, ITextTokenizer tokenizer) : CaptionModel
{
    private readonly PromptLikelihood _likelihood = new(model, tokenizer);

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
    public override IReadOnlyList<GeneratedText> Generate(Tensor pixelValues, string prompt, GenerationOptions options, CancellationToken cancellationToken) =>
        model.Generate(pixelValues, tokenizer.Encode(prompt), options, cancellationToken);

    public override string Decode(IReadOnlyList<int> ids) => tokenizer.Decode([.. ids], skipSpecialTokens: true);

    public override TeacherForcedText Prepare(string prompt) => _likelihood.Prepare(prompt);

    public override Tensor Score(Tensor pixelValues, IReadOnlyList<TeacherForcedText> texts) => _likelihood.Score(pixelValues, texts);

    public override void Dispose() => model.Dispose();
}

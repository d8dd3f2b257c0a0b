using Realign.Rewards.Tensors;
using Realign.Torch;
using Realign.VisionLanguage.Blip2;
using Realign.VisionLanguage.Generation;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Captioning;

/// <summary>BLIP-2 retrieval.</summary>
internal sealed class Blip2RetrievalModel(Blip2ForImageTextRetrieval model) : IRetrievalModel
{
    public string Family => "blip-2-itm";

    public int ImageSize => model.Config.Vision.ImageSize;

    public int Dimension => model.Config.ImageTextHiddenSize;

    public int MaxTextTokens => 32;

    public static Blip2RetrievalModel Load(string folder, TorchPlacement placement) => new(Blip2ForImageTextRetrieval.Load(folder, placement));

    public Tensor EncodeImage(Tensor pixelValues) => model.EncodeImage(pixelValues);

    public Tensor TextFeatures(TokenBatch texts) => model.TextFeatures(texts);

    public Tensor ContrastiveScore(Tensor image, TokenBatch texts)
    {
        using var scope = NewDisposeScope();
        return ContrastiveReward.Score(model.ImageFeatures(image), model.TextFeatures(texts)).MoveToOuterDisposeScope();
    }

    public Tensor MatchingScore(Tensor image, TokenBatch texts) => model.MatchingScore(image, texts);

    public void Dispose() => model.Dispose();
}

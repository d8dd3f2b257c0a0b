using Realign.Rewards.Tensors;
using Realign.Torch;
using Realign.VisionLanguage.Blip;
using Realign.VisionLanguage.Generation;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Captioning;

/// <summary>BLIP retrieval. Texts begin with [CLS], as the transformers class runs them.</summary>
internal sealed class BlipRetrievalModel(BlipForImageTextRetrieval model) : IRetrievalModel
{
    public string Family => "blip-itm";

    public int ImageSize => model.Config.Vision.ImageSize;

    public int Dimension => model.Config.ImageTextHiddenSize;

    public int MaxTextTokens => 35;

    public static BlipRetrievalModel Load(string folder, TorchPlacement placement) => new(BlipForImageTextRetrieval.Load(folder, placement));

    public Tensor EncodeImage(Tensor pixelValues) => model.EncodeImage(pixelValues);

    public Tensor TextFeatures(TokenBatch texts) => model.TextFeatures(texts);

    public Tensor ContrastiveScore(Tensor image, TokenBatch texts)
    {
        using var scope = NewDisposeScope();
        return FeatureCosine.Of(model.ImageFeatures(image), model.TextFeatures(texts)).MoveToOuterDisposeScope();
    }

    public Tensor MatchingScore(Tensor image, TokenBatch texts) => model.MatchingScore(image, texts);

    public void Dispose() => model.Dispose();
}

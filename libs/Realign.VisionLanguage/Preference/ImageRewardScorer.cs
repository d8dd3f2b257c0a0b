using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Tokenizers;
using Realign.Torch;
using Realign.VisionLanguage.Generation;
using Realign.VisionLanguage.ImageReward;
using Realign.VisionLanguage.Images;
using Realign.VisionLanguage.Scoring;

namespace Realign.VisionLanguage.Preference;

/// <summary>ImageReward with its tokenizer and preprocessing. Not thread-safe.</summary>
public sealed class ImageRewardScorer : IDisposable
{
    private readonly ImageRewardModel _model;
    private readonly BertTokenizer _tokenizer;
    private readonly TorchvisionImages _images;
    private readonly TorchPlacement _placement;

    private ImageRewardScorer(ImageRewardModel model, BertTokenizer tokenizer, TorchPlacement placement)
    {
        _model = model;
        _tokenizer = tokenizer;
        _images = TorchvisionImages.Cropped(model.Config.Vision.ImageSize, placement);
        _placement = placement;
    }

    /// <summary>Family of the model: <c>image-reward</c>.</summary>
    public string Family { get; } = "image-reward";

    /// <summary>Loads a folder, or the weights in one, and runs it once.</summary>
    /// <exception cref="ModelLoadException">Lists everything that does not fit.</exception>
    public static ImageRewardScorer Load(string path, TorchPlacement placement, CancellationToken cancellationToken)
    {
        var model = ImageRewardModel.Load(path, placement);
        try
        {
            var scorer = new ImageRewardScorer(model, ReadTokenizer(ImageRewardModel.FolderOf(path), model.Config.Text.VocabSize), placement);
            var side = model.Config.Vision.ImageSize;
            _ = scorer.Score([new PicturePrompt(new Picture(new float[3 * side * side], side, side), "a")], gradient: false, cancellationToken);
            return scorer;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The tokenizer, which the repository of the weights does not have.</summary>
    /// <param name="folder">Where it should be.</param>
    /// <param name="vocabulary">Ids of the model.</param>
    /// <exception cref="ModelLoadException">It is not there, broken, or of another model.</exception>
    public static BertTokenizer ReadTokenizer(string folder, int vocabulary)
    {
        if (!File.Exists(Path.Combine(folder, "vocab.txt")) && !File.Exists(Path.Combine(folder, "tokenizer.json")))
        {
            throw new ModelLoadException(folder, "it has no tokenizer (vocab.txt)",
                "put vocab.txt and tokenizer_config.json of bert-base-uncased beside the weights: ImageReward reads texts with it");
        }

        var tokenizer = BertTokenizer.Load(folder);
        return tokenizer.VocabularySize <= vocabulary
            ? tokenizer
            : throw new ModelLoadException(folder, $"the tokenizer has {tokenizer.VocabularySize} ids, the model {vocabulary}",
                "use the tokenizer files of bert-base-uncased");
    }

    /// <summary>How much people would like each picture for its prompt: about 0 on average, about 1 standard deviation wide.</summary>
    public IReadOnlyList<ScoredPair> Score(IReadOnlyList<PicturePrompt> pairs, bool gradient, CancellationToken cancellationToken)
    {
        var prompts = pairs.Select(pair => TextReading.CutBeforeEnd(_tokenizer, _tokenizer.Encode(pair.Prompt), _model.Config.MaxTextTokens)).ToList();
        var scored = new PairScorer(_images, _placement.Device).Score(pairs, (pixels, batch) =>
        {
            var texts = TokenBatch.Pad([.. batch.Select(index => prompts[index].Ids)], _tokenizer.PadId, _placement.Device);
            return _model.Reward(_model.TextFeatures(_model.EncodeImage(pixels), texts));
        }, gradient, cancellationToken);
        return [.. scored.Select((pair, index) => new ScoredPair(pair.Score, pair.Gradient, 0, prompts[index].Reading))];
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();
}

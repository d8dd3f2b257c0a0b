using Realign.Conformance.Runner;
using Realign.Tokenizers;
using Realign.Torch;
using Realign.VisionLanguage.Generation;
using Realign.VisionLanguage.ImageReward;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.VisionLanguage;

/// <summary>ImageReward: text features, rewards, the ReFL loss and its gradient.</summary>
public sealed class ImageRewardSuite : IConformanceSuite
{
    // "mean over all pairs of relu(2 - reward)"
    private const double ReflMargin = 2;

    public string Folder => "vision-language/image-reward";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        var golden = new Golden(folder);
        yield return new("tokens", context => Tokens(golden, context));
        yield return new("reward", context => Reward(golden, context));
        yield return new("refl-loss", context => ReflLoss(golden, context));
    }

    private static ImageRewardModel Load(Golden golden, CaseContext context)
    {
        var model = ImageRewardModel.Load(golden.Snapshot(), TorchPlacement.Cpu);
        context.Equal("mean", golden.Json.GetProperty("mean").GetDouble(), model.Config.Mean);
        context.Equal("std", golden.Json.GetProperty("std").GetDouble(), model.Config.Std);
        context.EqualSequence("mlp_dims", Golden.Ints(golden.Json.GetProperty("mlp_dims")).Skip(1).Select(width => (long)width), model.Config.HeadWidths);
        return model;
    }

    private static TokenBatch Texts(Golden golden) => new(golden.Tensor("input_ids"), golden.Tensor("attention_mask"));

    private static void Tokens(Golden golden, CaseContext context)
    {
        var tokenizer = BertTokenizer.Load(golden.Snapshot());
        var length = ImageRewardConfig.Load(golden.Snapshot()).MaxTextTokens;
        context.Equal("max_length", golden.Json.GetProperty("max_length").GetInt32(), length);
        context.Equal("first_id", golden.Json.GetProperty("first_id").GetInt32(), tokenizer.ClsId);
        var texts = Golden.Texts(golden.Json.GetProperty("texts")).Select(text => (IReadOnlyList<int>)TextReading.CutBeforeEnd(tokenizer,
            tokenizer.Encode(text), length).Ids).ToList();
        var batch = TokenBatch.Pad(texts, tokenizer.PadId, CPU, length);
        context.EqualSequence("ids", golden.Tensor("input_ids").ToInt64s(), batch.Ids.ToInt64s());
        context.EqualSequence("mask", golden.Tensor("attention_mask").ToInt64s(), batch.Mask.ToInt64s());
    }

    private static void Reward(Golden golden, CaseContext context)
    {
        using var model = Load(golden, context);
        using var grad = no_grad();
        var features = Features(model, golden, golden.Pixels());
        golden.Near(context, "text_feature", features);
        golden.Near(context, "reward", model.Reward(features));
    }

    private static void ReflLoss(Golden golden, CaseContext context)
    {
        using var model = Load(golden, context);
        var pixels = golden.Pixels(gradient: true);
        var loss = model.Reward(Features(model, golden, pixels)).neg().add(Scalars.Of(ReflMargin)).relu().mean();
        golden.Near(context, "refl_loss", loss);
        golden.NearGradient(context, "refl_loss_grad_pixel_values", loss, pixels);
    }

    // every image with every text
    private static Tensor Features(ImageRewardModel model, Golden golden, Tensor pixels)
    {
        var texts = Texts(golden);
        var image = model.EncodeImage(pixels);
        return stack([.. Enumerable.Range(0, (int)image.shape[0]).Select(index => model.TextFeatures(image.narrow(0, index, 1).expand(texts.Ids.shape[0], -1,
            -1), texts))]);
    }
}

using Realign.Conformance.Runner;
using Realign.Rewards.Tensors;
using Realign.Tokenizers;
using Realign.Torch;
using Realign.VisionLanguage.Blip;
using Realign.VisionLanguage.Generation;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.VisionLanguage;

/// <summary>BLIP-1: its captioner, its retrieval model, and surrogate B, which needs both.</summary>
public sealed class BlipItmSuite : IConformanceSuite
{
    public string Folder => "vision-language/blip-itm";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        foreach (var item in BlipCaptioningCases.Of(new Golden(folder, "captioning-")))
            yield return item;
        var golden = new Golden(folder, "itm-");
        yield return new("itm/tokens", context => Tokens(golden, context));
        yield return new("itm/matching", context => Matching(golden, context));
        yield return new("itm/contrastive", context => Contrastive(golden, context));
        yield return new("itm/matching-loss", context => MatchingLoss(golden, context));
        yield return new("itm/contrastive-loss", context => ContrastiveLoss(golden, context));
        yield return new("itm/surrogate-B", context => SurrogateB(golden, context));
    }

    private static BlipForImageTextRetrieval Load(Golden golden) => BlipForImageTextRetrieval.Load(golden.Snapshot(), TorchPlacement.Cpu);

    private static TokenBatch Texts(Golden golden, string ids = "input_ids") => new(golden.Tensor(ids), golden.Tensor("attention_mask"));

    private static void Tokens(Golden golden, CaseContext context)
    {
        var tokenizer = BertTokenizer.Load(golden.Snapshot());
        var texts = Golden.Texts(golden.Json.GetProperty("texts")).Select(text => (IReadOnlyList<int>)tokenizer.Encode(text)).ToList();
        var batch = TokenBatch.Pad(texts, tokenizer.PadId, CPU);
        context.EqualSequence("ids", golden.Tensor("input_ids").ToInt64s(), batch.Ids.ToInt64s());
        context.EqualSequence("mask", golden.Tensor("attention_mask").ToInt64s(), batch.Mask.ToInt64s());
        context.Equal("cls_id", golden.Json.GetProperty("cls_id").GetInt32(), tokenizer.ClsId);
        var encoder = golden.Json.GetProperty("enc_id").GetInt32();
        var replaced = TokenBatch.Pad([.. texts.Select(ids => (IReadOnlyList<int>)[encoder, .. ids.Skip(1)])], tokenizer.PadId, CPU);
        context.EqualSequence("ids with [ENC]", golden.Tensor("input_ids_enc").ToInt64s(), replaced.Ids.ToInt64s());
    }

    private static void Matching(Golden golden, CaseContext context)
    {
        using var model = Load(golden);
        using var grad = no_grad();
        var image = model.EncodeImage(golden.Pixels());
        golden.Near(context, "vision_last_hidden_state", image);
        var count = golden.Tensor("input_ids").shape[0];
        var perImage = Enumerable.Range(0, (int)image.shape[0]).Select(index => image.narrow(0, index, 1).expand(count, -1, -1)).ToList();
        foreach (var (kind, ids) in new[] { ("cls", "input_ids"), ("enc", "input_ids_enc") })
        {
            var texts = Texts(golden, ids);
            golden.Near(context, $"itm_logits_{kind}", stack([.. perImage.Select(one => model.MatchingLogits(one, texts))]));
            golden.Near(context, $"itm_prob_{kind}", stack([.. perImage.Select(one => model.MatchingScore(one, texts))]));
        }

        golden.Near(context, "itm_text_hidden_image0", model.TextEncoder.Encode(Texts(golden), perImage[0]));
    }

    private static void Contrastive(Golden golden, CaseContext context)
    {
        using var model = Load(golden);
        using var grad = no_grad();
        golden.Near(context, "itc_text_hidden", model.TextEncoder.Encode(Texts(golden), null));
        var (image, text) = (model.ImageFeatures(model.EncodeImage(golden.Pixels())), model.TextFeatures(Texts(golden)));
        golden.Near(context, "image_feat", image);
        golden.Near(context, "text_feat", text);
        golden.Near(context, "itc_cosine", image.mm(text.t()));
    }

    private static void MatchingLoss(Golden golden, CaseContext context)
    {
        using var model = Load(golden);
        var pixels = golden.Pixels(gradient: true);
        var logits = model.MatchingLogits(model.EncodeImage(pixels), First(golden, "input_ids_enc"));
        var loss = logits.log_softmax(-1).select(1, golden.Json.GetProperty("itm_match_index").GetInt32()).neg().mean();
        golden.Near(context, "itm_loss", loss);
        golden.NearGradient(context, "itm_loss_grad_pixel_values", loss, pixels);
    }

    private static void ContrastiveLoss(Golden golden, CaseContext context)
    {
        using var model = Load(golden);
        var pixels = golden.Pixels(gradient: true);
        var cosine = model.ImageFeatures(model.EncodeImage(pixels)).mul(model.TextFeatures(First(golden, "input_ids"))).sum(1);
        var loss = cosine.neg().add(Scalars.Of(1)).mean();
        golden.Near(context, "itc_loss", loss);
        golden.NearGradient(context, "itc_loss_grad_pixel_values", loss, pixels);
    }

    // image i with text i
    private static TokenBatch First(Golden golden, string ids)
    {
        var count = golden.Pixels().shape[0];
        var texts = Texts(golden, ids);
        return new TokenBatch(texts.Ids.narrow(0, 0, count), texts.Mask.narrow(0, 0, count));
    }

    private static void SurrogateB(Golden golden, CaseContext context)
    {
        var surrogate = golden.Json.GetProperty("surrogate_B");
        using var captioner = BlipForConditionalGeneration.Load(Path.Combine(golden.Folder, surrogate.GetProperty("captioner").GetString()!),
            TorchPlacement.Cpu);
        using var model = Load(golden);
        var pixels = golden.Pixels(gradient: true);
        var captions = new TokenBatch(golden.Tensor("B_caption_ids"), golden.Tensor("B_caption_mask"));
        context.EqualSequence("caption ids", surrogate.GetProperty("caption_ids").EnumerateArray().SelectMany(Golden.Ints).Select(id => (long)id),
            captions.Ids.ToInt64s());
        var (batch, length) = (captions.Ids.shape[0], captions.Ids.shape[1] - 1);
        var logits = captioner.Language.Logits(captioner.VisionModel.forward(pixels), captions).narrow(1, 0, length);
        var words = captions.Ids.narrow(1, 1, length);
        var start = model.TextEncoder.forward(full([batch, 1], Scalars.Of(golden.Json.GetProperty("cls_id").GetInt32()), dtype: ScalarType.Int64));

        Tensor Feature(Tensor embeds) => model.ProjectText(model.TextEncoder.EncodeEmbeddings(cat([start, embeds], 1), captions.Mask, null));
        var soft = Feature(SoftCaption.Embed(SoftCaption.Tokens(logits, words), model.TextEncoder.EmbeddingTable));
        var hard = Feature(model.TextEncoder.forward(words));
        golden.Near(context, "B_feature_soft_minus_hard", soft.sub(hard).abs().max());

        var tokenizer = BertTokenizer.Load(golden.Snapshot());
        var prompts = TokenBatch.Pad([.. Golden.Texts(surrogate.GetProperty("prompts")).Select(tokenizer.Encode)], tokenizer.PadId, CPU);
        var cosine = soft.mul(model.TextFeatures(prompts)).sum(1);
        golden.Near(context, "B_cosine", cosine);
        var loss = cosine.neg().add(Scalars.Of(1)).mean();
        golden.Near(context, "B_loss", loss);
        golden.NearGradient(context, "B_grad_pixel_values", loss, pixels);
    }
}

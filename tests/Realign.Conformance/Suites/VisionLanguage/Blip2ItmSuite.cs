using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Realign.Clip;
using Realign.Conformance.Runner;
using Realign.Rewards;
using Realign.Rewards.Tensors;
using Realign.Safetensors;
using Realign.Tokenizers;
using Realign.Torch;
using Realign.VisionLanguage.Blip2;
using Realign.VisionLanguage.Generation;
using Realign.VisionLanguage.Opt;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.VisionLanguage;

/// <summary>BLIP-2 retrieval model, surrogate D, and the text encoders f_enc.</summary>
public sealed partial class Blip2ItmSuite : IConformanceSuite
{
    public string Folder => "vision-language/blip2-itm";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        var golden = new Golden(folder);
        yield return new("tokens", context => Tokens(golden, context));
        yield return new("contrastive", context => Contrastive(golden, context));
        yield return new("matching", context => Matching(golden, context));
        yield return new("surrogate/D_itc", context => SurrogateItc(golden, context));
        yield return new("surrogate/D_itm", context => SurrogateItm(golden, context));
        var encoders = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "f_enc.json"))).RootElement.GetProperty("encoders");
        foreach (var encoder in encoders.EnumerateObject())
            yield return new($"f_enc/{encoder.Name}", context => TextEncoder(golden, context, encoder));
    }

    private static Blip2ForImageTextRetrieval Load(Golden golden) => Blip2ForImageTextRetrieval.Load(golden.Snapshot(), TorchPlacement.Cpu);

    private static TokenBatch Texts(Golden golden) => new(golden.Tensor("input_ids"), golden.Tensor("attention_mask"));

    private static void Tokens(Golden golden, CaseContext context)
    {
        var tokenizer = BertTokenizer.Load(golden.Snapshot());
        var batch = TokenBatch.Pad([.. Golden.Texts(golden.Json.GetProperty("texts")).Select(text => (IReadOnlyList<int>)tokenizer.Encode(text))],
            tokenizer.PadId, CPU);
        context.EqualSequence("ids", golden.Tensor("input_ids").ToInt64s(), batch.Ids.ToInt64s());
        context.EqualSequence("mask", golden.Tensor("attention_mask").ToInt64s(), batch.Mask.ToInt64s());
    }

    private static void Contrastive(Golden golden, CaseContext context)
    {
        using var model = Load(golden);
        using var grad = no_grad();
        var image = model.EncodeImage(golden.Pixels());
        golden.Near(context, "vision_last_hidden_state", image);
        golden.Near(context, "qformer_last_hidden_state", model.QueryImage(image));
        golden.Near(context, "text_hidden", model.TextStates(Texts(golden)));
        var (imageRows, textRows) = (model.ImageFeatures(image), model.TextFeatures(Texts(golden)));
        golden.Near(context, "image_embeds", imageRows);
        golden.Near(context, "text_embeds", textRows);
        var perQuery = einsum("iqd,td->itq", imageRows, textRows);
        golden.Near(context, "itc_cosine", perQuery.amax([2]));
        context.EqualSequence("itc_argmax_query", golden.Tensor("itc_argmax_query").ToInt64s(), perQuery.argmax(2).ToInt64s());
    }

    private static void Matching(Golden golden, CaseContext context)
    {
        using var model = Load(golden);
        using var grad = no_grad();
        var texts = Texts(golden);
        var count = texts.Ids.shape[0];
        var image = model.EncodeImage(golden.Pixels());
        var perImage = Enumerable.Range(0, (int)image.shape[0]).Select(index => image.narrow(0, index, 1).expand(count, -1, -1)).ToList();
        golden.Near(context, "itm_logits", stack([.. perImage.Select(one => model.MatchingLogits(one, texts))]));
        golden.Near(context, "itm_prob", stack([.. perImage.Select(one => model.MatchingScore(one, texts))]));
        golden.Near(context, "itm_hidden_image0", model.MatchingStates(perImage[0], texts));
    }

    private static void SurrogateItc(Golden golden, CaseContext context)
    {
        using var model = Load(golden);
        var pixels = golden.Pixels(gradient: true);
        var loss = ContrastiveReward.Score(model.ImageFeatures(model.EncodeImage(pixels)), model.TextFeatures(First(golden))).neg().add(Scalars.Of(1)).mean();
        golden.Near(context, "D_itc_loss", loss);
        golden.NearGradient(context, "D_itc_grad_pixel_values", loss, pixels);
    }

    private static void SurrogateItm(Golden golden, CaseContext context)
    {
        using var model = Load(golden);
        var pixels = golden.Pixels(gradient: true);
        var logits = model.MatchingLogits(model.EncodeImage(pixels), First(golden));
        var loss = logits.log_softmax(-1).select(1, golden.Json.GetProperty("itm_match_index").GetInt32()).neg().mean();
        golden.Near(context, "D_itm_loss", loss);
        golden.NearGradient(context, "D_itm_grad_pixel_values", loss, pixels);
    }

    private static TokenBatch First(Golden golden)
    {
        var count = golden.Pixels().shape[0];
        return new TokenBatch(golden.Tensor("input_ids").narrow(0, 0, count), golden.Tensor("attention_mask").narrow(0, 0, count));
    }

    private static void TextEncoder(Golden golden, CaseContext context, JsonProperty encoder)
    {
        using var grad = no_grad();
        var pairs = encoder.Value.GetProperty("pairs").EnumerateArray().ToList();
        var (captions, prompts) = (Encode("caption"), Encode("prompt"));
        using var file = SafetensorsFile.Open(Path.Combine(golden.Folder, "f_enc.safetensors"));
        // fp32 against fp64 of the pack, times five, at least 1e-5 of the largest value: the rule of the README
        var tolerance = Math.Max(5 * encoder.Value.GetProperty("max_fp32_fp64_difference").GetDouble(), 1e-5);
        context.Near("caption features", file.ReadSingles($"{encoder.Name}.caption"), captions.ToSingles(), tolerance);
        context.Near("prompt features", file.ReadSingles($"{encoder.Name}.prompt"), prompts.ToSingles(), tolerance);
        var cosine = Rows(captions).Zip(Rows(prompts), (caption, prompt) => CaptionReward.Cosine(caption, prompt)).ToList();
        context.Near("cosine", Values("cosine"), Singles(cosine), tolerance);
        Centered();
        Reduced();

        static List<double[]> Rows(Tensor features) => [.. features.ToSingles().Select(value => (double)value).Chunk((int)features.shape[1])];

        static float[] Singles(IEnumerable<double> values) => [.. values.Select(value => (float)value)];

        float[] Values(string name) => [.. pairs.Select(pair => pair.GetProperty(name).GetSingle())];

        void Centered()
        {
            var indices = encoder.Value.GetProperty("R0_pairs_caption_prompt").EnumerateArray().Select(Golden.Ints).ToList();
            var baseline = CaptionReward.Baseline(Rows(captions), Rows(prompts), [.. indices.Select(pair => (pair[0], pair[1]))]);
            context.Near("R0", encoder.Value.GetProperty("R0").GetDouble(), baseline, tolerance);
            context.Near("centred", Values("centred"), Singles(cosine.Select(value => CaptionReward.Center(value, baseline))), tolerance);
        }

        void Reduced()
        {
            var direction = FeatureDirection.Mean(Rows(prompts));
            foreach (var (name, kept) in pairs[0].EnumerateObject().Select(field => (field.Name, KeptShare().Match(field.Name)))
                .Where(item => item.Item2.Success))
            {
                var share = 1 - (int.Parse(kept.Groups[1].ValueSpan, CultureInfo.InvariantCulture) / 100.0);
                var reduced = Rows(captions).Zip(Rows(prompts), (caption, prompt) =>
                    CaptionReward.Cosine(FeatureDirection.Remove(caption, direction, share), FeatureDirection.Remove(prompt, direction, share)));
                context.Near(name, Values(name), Singles(reduced), tolerance);
            }
        }

        Tensor Encode(string side)
        {
            var ids = pairs.Select(pair => Golden.Ints(pair.GetProperty($"{side}_ids"))).ToList();
            return stack([.. pairs.Select((pair, index) => Feature(golden, context, encoder.Name, pair.GetProperty(side).GetString()!, ids[index]))]);
        }
    }

    [GeneratedRegex("^cosine_mean_direction_([0-9]+)_percent_kept$")]
    private static partial Regex KeptShare();

    private static Tensor Feature(Golden golden, CaseContext context, string encoder, string text, int[] expected)
    {
        var pack = Path.GetDirectoryName(golden.Folder)!;
        var batch = TokenBatch.Pad([expected], 0, CPU);
        switch (encoder)
        {
            case "qformer-text":
                var bert = BertTokenizer.Load(golden.Snapshot());
                context.EqualSequence(text, expected, TextReading.CutBeforeEnd(bert, bert.Encode(text), golden.Json.GetProperty("max_text_tokens")
                    .GetInt32()).Ids);
                return Load(golden).TextFeatures(batch)[0];
            case "clip-text":
                var clipFolder = new Golden(Path.Combine(pack, "clip", "quickgelu")).Snapshot();
                var clip = CLIPModel.Load(clipFolder, TorchPlacement.Cpu);
                var tokenizer = ClipTokenizer.Load(clipFolder);
                context.EqualSequence(text, expected, tokenizer.Encode(text));
                var padded = tokenizer.EncodePadded(text, clip.Config.Text.MaxPositionEmbeddings).Ids.Select(id => (long)id).ToArray();
                return FeatureCosine.Normalize(clip.TextFeatures(tensor(padded, [1, padded.Length])))[0];
            default:
                var opt = (OPTForCausalLM)Blip2ForConditionalGeneration.Load(new Golden(Path.Combine(pack, "blip2-opt")).Snapshot(),
                    TorchPlacement.Cpu).Language;
                var states = opt.Embed(batch.Ids);
                if (encoder == "opt-hidden-mean")
                    states = opt.HiddenStates(states, batch.Mask).narrow(1, 1, expected.Length - 1);
                return FeatureCosine.Normalize(states.mean([1]))[0];
        }
    }
}

using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Tokenizers;
using Realign.Torch;
using Realign.VisionLanguage.Blip;
using Realign.VisionLanguage.Generation;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.VisionLanguage;

/// <summary>BLIP-1 captioner: activations, texts, likelihoods and losses in the two conventions of the published codes.</summary>
internal static class BlipCaptioningCases
{
    private const string SmoothedLoss = "loss_label_smoothing_";

    public static IEnumerable<ConformanceCase> Of(Golden golden)
    {
        yield return new("captioning/activations", context => Activations(golden, context));
        foreach (var entry in golden.Json.GetProperty("generation").EnumerateArray())
            yield return new($"captioning/generation/{entry.GetProperty("name").GetString()}", context => Generation(golden, context, entry));
        foreach (var convention in golden.Json.EnumerateObject().Where(item => item.Value.ValueKind == JsonValueKind.Object
            && item.Value.TryGetProperty("prompt_length", out _)))
        {
            yield return new($"captioning/tokens/{convention.Name}", context => Tokens(golden, context, convention));
            yield return new($"captioning/likelihood/{convention.Name}", context => LikelihoodOf(golden, context, convention));
            yield return new($"captioning/loss-A/{convention.Name}", context => LossA(golden, context, convention));
            yield return new($"captioning/loss-batch/{convention.Name}", context => LossBatch(golden, context, convention));
        }
    }

    private static BlipForConditionalGeneration Load(Golden golden) => BlipForConditionalGeneration.Load(golden.Snapshot(), TorchPlacement.Cpu);

    private static void Activations(Golden golden, CaseContext context)
    {
        using var model = Load(golden);
        using var grad = no_grad();
        var seen = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        void Trace(string name, Tensor value) => seen[$"act.{name}"] = value.clone().DetachFromDisposeScope();
        var image = model.VisionModel.forward(golden.Pixels(), (name, value) => Trace($"vision_model.{name}", value));
        golden.Near(context, "vision_last_hidden_state", image);
        // image i with text i, begun by [DEC]
        var texts = new TokenBatch(golden.Tensor("lavis_input_ids").narrow(0, 0, image.shape[0]), golden.Tensor("lavis_attention_mask").narrow(0, 0,
            image.shape[0]));
        golden.Near(context, "logits_image_i_text_i", model.Language.Logits(image, texts, (name, value) => Trace($"text_decoder.{name}", value)));
        foreach (var name in golden.Names.Where(name => name.StartsWith("act.", StringComparison.Ordinal)))
        {
            using var value = seen[name];
            golden.Near(context, name, value);
        }
    }

    private static void Generation(Golden golden, CaseContext context, JsonElement entry)
    {
        using var model = Load(golden);
        var start = Golden.Ints(entry.GetProperty("start_ids"));
        var tokenizer = BertTokenizer.Load(golden.Snapshot());
        var options = GenerationCheck.Options(entry, null);
        var pixels = golden.Pixels();
        var index = 0;
        foreach (var expected in entry.GetProperty("images").EnumerateArray())
        {
            var image = pixels.narrow(0, index, 1);
            GenerationCheck.Compare(context, $"image {index}", entry, expected, model.Generate(image, start, options, CancellationToken.None), tokenizer);
            if (options.NumBeams == 1)
                GenerationCheck.CompareMargin(context, $"image {index}", expected, model.Language.Open(model.VisionModel.forward(image), start,
                    options.MaxNewTokens), options, golden.Tolerance("logits_image_i_text_i"));
            index++;
        }
    }

    private static void Tokens(Golden golden, CaseContext context, JsonProperty convention)
    {
        var tokenizer = BertTokenizer.Load(golden.Snapshot());
        var settings = convention.Value;
        var prefix = settings.GetProperty("prefix").GetString()!;
        var join = settings.TryGetProperty("join", out var text) ? text.GetString() : "";
        var lower = settings.TryGetProperty("lower_case", out var flag) && flag.GetBoolean();
        var first = settings.GetProperty("first_id").GetInt32();
        int[] Encode(string caption)
        {
            var ids = tokenizer.Encode(prefix + join + (lower ? caption.ToLowerInvariant() : caption));
            ids[0] = first;
            return ids;
        }

        var texts = Golden.Texts(golden.Json.GetProperty("texts")).Select(Encode).ToList();
        foreach (var (ids, index) in settings.GetProperty("input_ids").EnumerateArray().Select((ids, index) => (ids, index)))
            context.EqualSequence($"text {index}", Golden.Ints(ids), texts[index]);
        context.Equal("prompt_length", settings.GetProperty("prompt_length").GetInt32(), tokenizer.Encode(prefix).Length - 1);
        var batch = TokenBatch.Pad(texts, tokenizer.PadId, CPU);
        context.EqualSequence("ids", golden.Tensor($"{convention.Name}_input_ids").ToInt64s(), batch.Ids.ToInt64s());
        context.EqualSequence("mask", golden.Tensor($"{convention.Name}_attention_mask").ToInt64s(), batch.Mask.ToInt64s());
    }

    // the first id is the prompt, the prefix is context
    private static List<TeacherForcedText> Texts(JsonProperty convention)
    {
        var prompt = convention.Value.GetProperty("prompt_length").GetInt32();
        return [.. convention.Value.GetProperty("input_ids").EnumerateArray().Select(Golden.Ints).Select(ids => new TeacherForcedText(ids[..1], ids[1..],
            prompt - 1))];
    }

    private static List<TeacherForcedText> LossTexts(Golden golden, JsonProperty convention)
    {
        var texts = Texts(convention);
        return [.. Golden.Ints(golden.Json.GetProperty("loss_text_index_per_image")).Select(index => texts[index])];
    }

    private static void LikelihoodOf(Golden golden, CaseContext context, JsonProperty convention)
    {
        using var model = Load(golden);
        using var grad = no_grad();
        var name = $"{convention.Name}_token_logprobs";
        var texts = Texts(convention);
        // 0 in the pack where a label is -100, which is the prefix and padding
        var scored = golden.Tensor($"{convention.Name}_labels").narrow(1, 1, golden.Tensor(name).shape[2]).ge(Scalars.Of(0));
        context.EqualSequence("scored tokens", texts.Select(text => (long)text.ScoredCount), scored.to(ScalarType.Int64).sum(1).ToInt64s());
        var pixels = golden.Pixels();
        for (var image = 0; image < pixels.shape[0]; image++)
        {
            var actual = model.TokenLogProbabilities(pixels.narrow(0, image, 1).expand(texts.Count, -1, -1, -1), texts);
            context.Near($"tokens of image {image}", golden.Tensor(name)[image].ToSingles(), actual.mul(scored).ToSingles(), golden.Tolerance(name));
            // the README gives 1e-4 for sums; a mean divides sum and error alike
            context.Near($"sums of image {image}", Golden.Floats(convention.Value.GetProperty("sum")[image]), Likelihood.Sum(actual, texts).ToSingles(), 1e-4);
            context.Near($"means of image {image}", Golden.Floats(convention.Value.GetProperty("mean")[image]), Likelihood.Mean(actual, texts).ToSingles(),
                1e-4);
        }
    }

    private static void LossA(Golden golden, CaseContext context, JsonProperty convention)
    {
        using var model = Load(golden);
        var texts = LossTexts(golden, convention);
        var pixels = golden.Pixels(gradient: true);
        var means = Likelihood.Mean(model.TokenLogProbabilities(pixels, texts), texts);
        golden.Near(context, $"{convention.Name}_A_per_sample", means);
        var loss = means.mean().neg();
        golden.Near(context, $"{convention.Name}_A_loss", loss);
        context.Near("A_loss_per_sample_mean", convention.Value.GetProperty("A_loss_per_sample_mean").GetDouble(), loss.item<float>(),
            golden.Tolerance($"{convention.Name}_A_loss"));
        golden.NearGradient(context, $"{convention.Name}_A_grad_pixel_values", loss, pixels);
    }

    // the library's own loss: a mean over all scored tokens of the batch
    private static void LossBatch(Golden golden, CaseContext context, JsonProperty convention)
    {
        using var model = Load(golden);
        var indices = tensor(Golden.Ints(golden.Json.GetProperty("loss_text_index_per_image")).Select(index => (long)index).ToArray());
        Tensor Rows(string name) => golden.Tensor($"{convention.Name}_{name}").index_select(0, indices);
        var texts = LossTexts(golden, convention);
        var pixels = golden.Pixels(gradient: true);
        var image = model.VisionModel.forward(pixels);
        var tokens = texts.Sum(text => text.ScoredCount);
        var loss = Likelihood.Sum(model.Language.TokenLogProbabilities(image, texts), texts).sum().div(Scalars.Of(-tokens));
        golden.Near(context, $"{convention.Name}_reference_loss", loss);
        context.Near("reference_loss_batch_mean", convention.Value.GetProperty("reference_loss_batch_mean").GetDouble(), loss.item<float>(),
            golden.Tolerance($"{convention.Name}_reference_loss"));

        var labels = Rows("labels");
        var logProbabilities = model.Language.Logits(image, new TokenBatch(Rows("input_ids"), Rows("attention_mask"))).log_softmax(-1).narrow(1, 0,
            labels.shape[1] - 1);
        var scored = labels.narrow(1, 1, labels.shape[1] - 1).ge(Scalars.Of(0));
        foreach (var field in convention.Value.EnumerateObject().Where(field => field.Name.StartsWith(SmoothedLoss, StringComparison.Ordinal)))
        {
            var smoothing = double.Parse(field.Name[SmoothedLoss.Length..], System.Globalization.CultureInfo.InvariantCulture);
            var uniform = logProbabilities.mean([-1]).mul(scored).sum().div(Scalars.Of(-tokens));
            var smoothed = loss.mul(Scalars.Of(1 - smoothing)).add(uniform.mul(Scalars.Of(smoothing)));
            golden.Near(context, $"{convention.Name}_{field.Name}", smoothed);
            context.Near(field.Name, field.Value.GetDouble(), smoothed.item<float>(), golden.Tolerance($"{convention.Name}_{field.Name}"));
        }

        golden.NearGradient(context, $"{convention.Name}_reference_loss_grad_pixel_values", loss, pixels);
    }
}

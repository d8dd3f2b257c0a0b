using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Tokenizers;
using Realign.Torch;
using Realign.VisionLanguage.Blip2;
using Realign.VisionLanguage.Generation;
using Realign.VisionLanguage.T5;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.VisionLanguage;

/// <summary>BLIP-2 with Flan-T5.</summary>
public sealed class Blip2T5Suite : IConformanceSuite
{
    public string Folder => "vision-language/blip2-t5";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        var golden = new Golden(folder);
        yield return new("activations", context => Activations(golden, context));
        yield return new("tokens", context => Tokens(golden, context));
        yield return new("position-bias", context => PositionBias(golden, context));
        foreach (var entry in golden.Json.GetProperty("generation").EnumerateArray())
            yield return new($"generation/{entry.GetProperty("name").GetString()}", context => Generation(golden, context, entry));
        var likelihood = golden.Json.GetProperty("likelihood");
        foreach (var convention in likelihood.EnumerateObject().Where(item => item.Value.ValueKind == JsonValueKind.Object))
            yield return new($"likelihood/{convention.Name}", context => LikelihoodOf(golden, context, convention));
        yield return new("surrogate/A", context => SurrogateA(golden, context));
    }

    private static Blip2ForConditionalGeneration Load(Golden golden) => Blip2ForConditionalGeneration.Load(golden.Snapshot(), TorchPlacement.Cpu);

    private static List<int[]> Labels(Golden golden) => [.. golden.Json.GetProperty("label_ids").EnumerateArray().Select(Golden.Ints)];

    private static void Activations(Golden golden, CaseContext context)
    {
        using var model = Load(golden);
        using var grad = no_grad();
        var seen = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        void Trace(string name, Tensor value) => seen[$"act.language_model.{name}"] = value.clone().DetachFromDisposeScope();
        var pixels = golden.Pixels();
        golden.Near(context, "vision_last_hidden_state", model.VisionModel.forward(pixels));
        var queries = model.QueryImage(pixels);
        golden.Near(context, "qformer_last_hidden_state", queries);
        var image = model.Project(queries);
        golden.Near(context, "language_model_inputs", image);
        var t5 = (T5ForConditionalGeneration)model.Language;
        var prompts = TokenBatch.Pad([.. Enumerable.Repeat(Golden.Ints(golden.Json.GetProperty("prompt_ids")), (int)image.shape[0])],
            golden.Json.GetProperty("pad_id").GetInt32(), CPU);
        var (states, mask) = t5.Encode(image, prompts, Trace);
        // image i with text i, padded as all texts are
        var labels = new TokenBatch(golden.Tensor("labels").narrow(0, 0, image.shape[0]), golden.Tensor("labels_mask").narrow(0, 0, image.shape[0]));
        golden.Near(context, "logits_prompt_text_i", t5.Logits(states, mask, labels, Trace));
        foreach (var name in golden.Names.Where(name => name.StartsWith("act.", StringComparison.Ordinal)))
        {
            using var value = seen[name];
            golden.Near(context, name, value);
        }
    }

    private static void Tokens(Golden golden, CaseContext context)
    {
        var tokenizer = T5Tokenizer.Load(golden.Snapshot());
        foreach (var (text, ids) in Golden.Texts(golden.Json.GetProperty("texts")).Zip(Labels(golden)))
            context.EqualSequence(text, ids, tokenizer.Encode(text));
        context.EqualSequence("prompt", Golden.Ints(golden.Json.GetProperty("prompt_ids")), tokenizer.Encode(golden.Json.GetProperty("prompt").GetString()!));
    }

    private static void PositionBias(Golden golden, CaseContext context)
    {
        using var model = Load(golden);
        using var grad = no_grad();
        foreach (var (name, ofDecoder) in new[] { ("encoder_position_bias_layer0", false), ("decoder_position_bias_layer0", true) })
            golden.Near(context, name, ((T5ForConditionalGeneration)model.Language).PositionBias(ofDecoder, golden.Tensor(name).shape[^1]));
    }

    private static void Generation(Golden golden, CaseContext context, JsonElement entry)
    {
        using var model = Load(golden);
        var pixels = golden.Pixels();
        var tokenizer = T5Tokenizer.Load(golden.Snapshot());
        var prompt = Golden.Ints(entry.GetProperty("prompt_ids"));
        var options = GenerationCheck.Options(entry, null);
        var index = 0;
        foreach (var expected in entry.GetProperty("images").EnumerateArray())
        {
            var image = pixels.narrow(0, index, 1);
            GenerationCheck.Compare(context, $"image {index}", entry, expected, model.Generate(image, prompt, options, CancellationToken.None), tokenizer);
            if (options.NumBeams == 1)
                GenerationCheck.CompareMargin(context, $"image {index}", expected, model.Language.Open(model.EncodeImage(image), prompt, options.MaxNewTokens),
                    options, golden.Tolerance("logits_prompt_text_i"));
            index++;
        }
    }

    private static void LikelihoodOf(Golden golden, CaseContext context, JsonProperty convention)
    {
        using var model = Load(golden);
        using var grad = no_grad();
        var prompt = Golden.Ints(convention.Value.GetProperty("encoder_ids"));
        var texts = Labels(golden).Select(ids => new TeacherForcedText(prompt, ids, 0)).ToList();
        var name = convention.Name == "prompt" ? "ll_prompt_token_logprobs" : "ll_token_logprobs";
        var pixels = golden.Pixels();
        for (var image = 0; image < pixels.shape[0]; image++)
        {
            var actual = model.TokenLogProbabilities(pixels.narrow(0, image, 1).expand(texts.Count, -1, -1, -1), texts);
            context.Near($"tokens of image {image}", golden.Tensor(name)[image].ToSingles(), actual.ToSingles(), golden.Tolerance(name));
            context.Near($"sums of image {image}", Golden.Floats(convention.Value.GetProperty("sum")[image]), Likelihood.Sum(actual, texts).ToSingles(), 1e-4);
            context.Near($"means of image {image}", Golden.Floats(convention.Value.GetProperty("mean")[image]), Likelihood.Mean(actual, texts).ToSingles(),
                1e-4);
        }
    }

    private static void SurrogateA(Golden golden, CaseContext context)
    {
        using var model = Load(golden);
        var labels = Labels(golden);
        int[] prompt = [golden.Json.GetProperty("eos_id").GetInt32()];
        var texts = Golden.Ints(golden.Json.GetProperty("surrogate_A").GetProperty("text_index_per_image")).Select(index =>
            new TeacherForcedText(prompt, labels[index], 0)).ToList();
        var pixels = golden.Pixels(gradient: true);
        var means = Likelihood.Mean(model.TokenLogProbabilities(pixels, texts), texts);
        golden.Near(context, "grad.A_per_sample", means);
        var loss = means.mean().neg();
        golden.Near(context, "grad.A_loss", loss);
        golden.NearGradient(context, "grad.A_grad_pixel_values", loss, pixels);
    }
}

using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Rewards.Tensors;
using Realign.Tokenizers;
using Realign.Torch;
using Realign.VisionLanguage.Blip2;
using Realign.VisionLanguage.Captioning;
using Realign.VisionLanguage.Generation;
using Realign.VisionLanguage.Opt;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.VisionLanguage;

/// <summary>BLIP-2 with OPT: activations, texts, likelihoods, surrogates, both snapshot layouts.</summary>
public sealed class Blip2OptSuite : IConformanceSuite
{
    public string Folder => "vision-language/blip2-opt";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        var golden = new Golden(folder);
        yield return new("activations", context => Activations(golden, context));
        yield return new("logits", context => Logits(golden, context, "snapshot"));
        yield return new("logits-original-layout", context => Logits(golden, context, "snapshot_original"));
        yield return new("tokens", context => Tokens(golden, context));
        foreach (var entry in golden.Json.GetProperty("generation").EnumerateArray())
            yield return new($"generation/{entry.GetProperty("name").GetString()}", context => Generation(golden, context, entry, "snapshot"));
        foreach (var entry in golden.Json.GetProperty("generation").EnumerateArray().Take(1))
            yield return new($"generation-original-layout/{entry.GetProperty("name").GetString()}", context => Generation(golden, context, entry,
                "snapshot_original"));
        var likelihood = golden.Json.GetProperty("likelihood");
        foreach (var convention in likelihood.EnumerateObject().Where(item => item.Value.ValueKind == JsonValueKind.Object && item.Value.TryGetProperty("note",
            out _)))
            yield return new($"likelihood/{convention.Name}", context => LikelihoodOf(golden, context, likelihood, convention.Name));
        yield return new("likelihood/truncated", context => Truncated(golden, context, likelihood));
        yield return new("surrogate/A", context => SurrogateA(golden, context));
        yield return new("surrogate/B", context => SurrogateB(golden, context));
        yield return new("surrogate/C", context => SurrogateC(golden, context));
    }

    private static Blip2ForConditionalGeneration Load(Golden golden, string snapshot = "snapshot") =>
        Blip2ForConditionalGeneration.Load(golden.Snapshot(snapshot), TorchPlacement.Cpu);

    private static void Activations(Golden golden, CaseContext context)
    {
        using var model = Load(golden);
        using var grad = no_grad();
        var seen = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        void Trace(string name, Tensor value) => seen[name] = value.clone().DetachFromDisposeScope();
        var pixels = golden.Pixels();
        var vision = model.VisionModel.forward(pixels);
        golden.Near(context, "vision_last_hidden_state", vision);
        golden.Near(context, "vision_pooler_output", model.VisionModel.Pool(vision));
        var queries = model.QueryImage(pixels, Trace);
        golden.Near(context, "qformer_last_hidden_state", queries);
        var image = model.Project(queries);
        golden.Near(context, "language_model_inputs", image);
        var opt = (OPTForCausalLM)model.Language;
        var embeds = PromptEmbeds(golden, opt, image);
        golden.Near(context, "inputs_embeds_prompt", embeds);
        _ = opt.Logits(embeds, ones(embeds.shape[0], embeds.shape[1], dtype: ScalarType.Int64), (name, value) => Trace($"language_model.model.decoder.{name}",
            value));
        foreach (var name in golden.Names.Where(name => name.StartsWith("act.", StringComparison.Ordinal)))
        {
            using var value = seen[name["act.".Length..]];
            golden.Near(context, name, value);
        }
    }

    private static Tensor PromptEmbeds(Golden golden, OPTForCausalLM opt, Tensor image)
    {
        var ids = Golden.Ints(golden.Json.GetProperty("prompt_ids"));
        var prompts = TokenBatch.Pad([.. Enumerable.Repeat(ids, (int)image.shape[0])], golden.Json.GetProperty("pad_id").GetInt32(), CPU);
        return cat([image, opt.Embed(prompts.Ids)], 1);
    }

    private static void Logits(Golden golden, CaseContext context, string snapshot)
    {
        using var model = Load(golden, snapshot);
        using var grad = no_grad();
        var image = model.EncodeImage(golden.Pixels());
        var opt = (OPTForCausalLM)model.Language;
        var bos = full([image.shape[0], 1], Scalars.Of(golden.Json.GetProperty("bos_id").GetInt32()), dtype: ScalarType.Int64);
        foreach (var (name, embeds) in new[] { ("logits_empty", cat([image, opt.Embed(bos)], 1)), ("logits_prompt", PromptEmbeds(golden, opt, image)) })
        {
            var actual = opt.Logits(embeds, ones(embeds.shape[0], embeds.shape[1], dtype: ScalarType.Int64));
            // the first layout has a smaller vocabulary: equal over the common part
            var expected = golden.Tensor(name).narrow(2, 0, actual.shape[2]);
            context.Near(name, expected.ToSingles(), actual.ToSingles(), golden.Tolerance(name));
        }
    }

    private static void Tokens(Golden golden, CaseContext context)
    {
        var tokenizer = Gpt2Tokenizer.Load(golden.Snapshot());
        var likelihood = golden.Json.GetProperty("likelihood");
        var suffix = likelihood.GetProperty("suffix").GetString();
        foreach (var (text, ids) in Golden.Texts(likelihood.GetProperty("texts")).Zip(likelihood.GetProperty("input_ids").EnumerateArray()))
            context.EqualSequence(text, Golden.Ints(ids), tokenizer.Encode(text + suffix));
        context.EqualSequence("prompt", Golden.Ints(golden.Json.GetProperty("prompt_ids")), tokenizer.Encode(golden.Json.GetProperty("prompt").GetString()!));
    }

    private static void Generation(Golden golden, CaseContext context, JsonElement entry, string snapshot)
    {
        using var model = Load(golden, snapshot);
        var prompt = Golden.Ints(entry.GetProperty("prompt_ids"));
        // "full" counts the ids of the newer layout: one <image> per query, then the prompt
        IReadOnlyList<int> penalised = entry.GetProperty("penalty_scope").GetString() == "generated" ? []
            : [.. Enumerable.Repeat(golden.Json.GetProperty("image_token_id").GetInt32(), 1).Where(id => id < model.Config.Opt!.VocabSize), .. prompt];
        var options = GenerationCheck.Options(entry, penalised);
        var tokenizer = Gpt2Tokenizer.Load(golden.Snapshot(snapshot));
        var pixels = golden.Pixels();
        var index = 0;
        var sequences = new List<IReadOnlyList<int>>();
        foreach (var expected in entry.GetProperty("images").EnumerateArray())
        {
            var image = pixels.narrow(0, index, 1);
            var found = model.Generate(image, prompt, options, CancellationToken.None);
            GenerationCheck.Compare(context, $"image {index}", entry, expected, found, tokenizer);
            if (options.NumBeams == 1)
                GenerationCheck.CompareMargin(context, $"image {index}", expected, model.Language.Open(model.EncodeImage(image), prompt, options.MaxNewTokens),
                    options, golden.Tolerance("logits_prompt"));
            sequences.AddRange(found.Select(text => text.Ids));
            index++;
        }

        if (entry.TryGetProperty("full_sequences_as_returned", out var returned))
            FullSequences(golden, context, entry, returned, prompt, sequences);
    }

    // the newer layout: one <image> per query, the prompt, the text, padding up to the longest
    private static void FullSequences(Golden golden, CaseContext context, JsonElement entry, JsonElement returned, int[] prompt,
        List<IReadOnlyList<int>> sequences)
    {
        var image = Enumerable.Repeat(golden.Json.GetProperty("image_token_id").GetInt32(), golden.Json.GetProperty("num_query_tokens").GetInt32()).ToList();
        var batch = TokenBatch.Pad([.. sequences.Select(ids => (IReadOnlyList<int>)[.. image, .. prompt, .. ids])], entry.GetProperty("pad_token_id")
            .GetInt32(), CPU);
        context.EqualSequence("full sequences", returned.EnumerateArray().SelectMany(Golden.Ints).Select(id => (long)id), batch.Ids.ToInt64s());
    }

    private static void LikelihoodOf(Golden golden, CaseContext context, JsonElement likelihood, string convention)
    {
        using var model = Load(golden);
        using var grad = no_grad();
        var withPrompt = convention == "lavis_prompt";
        var ids = likelihood.GetProperty(withPrompt ? "prompt_input_ids" : "input_ids").EnumerateArray().Select(Golden.Ints).ToList();
        var tokens = golden.Tensor(withPrompt ? "ll_prompt_token_logprobs" : "ll_token_logprobs");
        var first = convention switch
        {
            "lavis" => 0,
            "lavis_prompt" => likelihood.GetProperty("prompt_length").GetInt32(),
            _ => 1,
        };
        var sums = likelihood.GetProperty(convention).GetProperty("sum").EnumerateArray().Select(Golden.Floats).ToList();
        var means = likelihood.GetProperty(convention).GetProperty("mean").EnumerateArray().Select(Golden.Floats).ToList();
        var pixels = golden.Pixels();
        for (var image = 0; image < pixels.shape[0]; image++)
        {
            // "body" leaves the final newline out
            var texts = ids.Select(text => new TeacherForcedText([], convention == "body" ? text[..^1] : text, first)).ToList();
            var actual = model.TokenLogProbabilities(pixels.narrow(0, image, 1).expand(texts.Count, -1, -1, -1), texts);
            if (convention is "lavis" or "lavis_prompt")
            {
                // what is not scored is 0 in the pack
                context.Near($"tokens of image {image}", Scored(tokens[image], first), Scored(actual, first),
                    golden.Tolerance(withPrompt ? "ll_prompt_token_logprobs" : "ll_token_logprobs"));
            }

            context.Near($"sums of image {image}", sums[image], Likelihood.Sum(actual, texts).ToSingles(), 1e-4);
            context.Near($"means of image {image}", means[image], Likelihood.Mean(actual, texts).ToSingles(), 1e-4);
            if (likelihood.TryGetProperty($"batch_mean_over_tokens_{convention}", out var batchMeans))
            {
                var mean = Likelihood.Sum(actual, texts).sum().item<float>() / texts.Sum(text => text.ScoredCount);
                context.Near($"mean over all tokens of image {image}", batchMeans[image].GetDouble(), mean, 1e-4);
            }
        }
    }

    private static float[] Scored(Tensor values, int first) => values.narrow(1, first, values.shape[1] - first).ToSingles();

    private static void Truncated(Golden golden, CaseContext context, JsonElement likelihood)
    {
        var model = Load(golden);
        using var grad = no_grad();
        var entry = likelihood.GetProperty("truncated");
        using var captioner = new Blip2CaptionModel(model, Gpt2Tokenizer.Load(golden.Snapshot()));
        var text = captioner.Prepare(entry.GetProperty("text").GetString()!, entry.GetProperty("max_length").GetInt32()).Text;
        context.EqualSequence("ids", Golden.Ints(entry.GetProperty("input_ids")), text.Ids);
        var pixels = golden.Pixels();
        var actual = model.TokenLogProbabilities(pixels, [.. Enumerable.Repeat(text, (int)pixels.shape[0])]);
        golden.Near(context, "ll_trunc_token_logprobs", actual);
        context.Near("sums", Golden.Floats(entry.GetProperty("sum")), actual.to(ScalarType.Float64).sum(1).ToSingles(), 1e-4);
        context.Near("means", Golden.Floats(entry.GetProperty("mean")), actual.to(ScalarType.Float64).mean([1]).ToSingles(), 1e-4);
    }

    private static void SurrogateA(Golden golden, CaseContext context)
    {
        using var model = Load(golden);
        var surrogate = golden.Json.GetProperty("surrogates").GetProperty("A");
        var ids = golden.Json.GetProperty("likelihood").GetProperty("input_ids").EnumerateArray().Select(Golden.Ints).ToList();
        var texts = Golden.Ints(surrogate.GetProperty("text_index_per_image")).Select(index => new TeacherForcedText([], ids[index], 0)).ToList();
        var pixels = golden.Pixels(gradient: true);
        var means = Likelihood.Mean(model.TokenLogProbabilities(pixels, texts), texts);
        golden.Near(context, "grad.A_per_sample", means);
        var loss = means.mean().neg();
        golden.Near(context, "grad.A_loss", loss);
        golden.NearGradient(context, "grad.A_grad_pixel_values", loss, pixels);
    }

    private static void SurrogateB(Golden golden, CaseContext context)
    {
        using var model = Load(golden);
        var opt = (OPTForCausalLM)model.Language;
        var pixels = golden.Pixels(gradient: true);
        var captions = new TokenBatch(golden.Tensor("B_input_ids"), golden.Tensor("B_attention_mask"));
        var pool = golden.Tensor("B_pool_mask").to(ScalarType.Float32).unsqueeze(-1);
        var soft = SoftCaption.Embed(SoftCaption.Tokens(opt.Logits(model.EncodeImage(pixels), captions), captions.Ids), opt.EmbeddingTable);
        var pooled = soft.mul(pool).sum(1).div(pool.sum(1));
        var tokenizer = Gpt2Tokenizer.Load(golden.Snapshot());
        var prompts = Golden.Texts(golden.Json.GetProperty("surrogates").GetProperty("B").GetProperty("prompts"))
            .Select(text => opt.Embed(tensor(tokenizer.Encode(text).Skip(1).Select(id => (long)id).ToArray())).mean([0])).ToArray();
        var cosine = FeatureCosine.Of(pooled, stack(prompts));
        golden.Near(context, "grad.B_cosine", cosine);
        var loss = cosine.neg().add(Scalars.Of(1)).mean();
        golden.Near(context, "grad.B_loss", loss);
        golden.NearGradient(context, "grad.B_grad_pixel_values", loss, pixels);
    }

    private static void SurrogateC(Golden golden, CaseContext context)
    {
        using var model = Load(golden);
        var surrogate = golden.Json.GetProperty("surrogates").GetProperty("C");
        var ids = golden.Json.GetProperty("likelihood").GetProperty("input_ids").EnumerateArray().Select(Golden.Ints).ToList();
        var texts = Golden.Ints(surrogate.GetProperty("text_indices")).Select(index => new TeacherForcedText([], ids[index], 0)).ToList();
        var pixels = golden.Pixels(gradient: true);
        var images = model.EncodeImage(pixels);
        var sequences = stack([.. Enumerable.Range(0, (int)pixels.shape[0]).Select(image => Likelihood.Sum(
            model.Language.TokenLogProbabilities(images.narrow(0, image, 1).expand(texts.Count, -1, -1), texts), texts))]);
        golden.Near(context, "grad.C_sequence_logprobs", sequences);
        var loss = ScoreFunction.Loss(sequences, tensor(Golden.Floats(surrogate.GetProperty("rewards"))));
        golden.Near(context, "grad.C_loss", loss);
        golden.NearGradient(context, "grad.C_grad_pixel_values", loss, pixels);
    }
}

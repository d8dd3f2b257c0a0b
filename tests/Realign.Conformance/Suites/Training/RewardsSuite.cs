using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Rewards;
using Realign.Rewards.Tensors;
using Realign.Torch;
using Realign.Torch.Images;
using Realign.Training.Ranking;
using static Realign.Conformance.Suites.Training.TrainingGolden;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.Training;

internal sealed class RewardsSuite : IConformanceSuite
{
    public string Folder => "training/rewards";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        yield return Case(folder, "caption_reward", "caption_reward", Caption);
        yield return Case(folder, "likelihood", "likelihood", Likelihood);
        yield return Case(folder, "soft_caption", "soft_caption", Soft);
        yield return Case(folder, "score_function", "score_function", Score);
        yield return Case(folder, "itc", "itc", Contrast);
        foreach (var (index, entry) in Parse(Path.Combine(folder, "hinge.json")).GetProperty("cases").EnumerateArray().Index())
            yield return Case(folder, "hinge", $"hinge/{index}", (golden, context) => Hinge(golden, context, index, entry));
        foreach (var entry in Parse(Path.Combine(folder, "resize.json")).GetProperty("cases").EnumerateArray())
            yield return Case(folder, "resize", $"resize/{entry.GetProperty("id").GetString()}", (golden, context) => Resize(golden, context, entry));
        yield return Case(folder, "gradient_path", "gradient_path", GradientPath);
        foreach (var test in Tags(folder).Concat(Ranking(folder)))
            yield return test;
    }

    private static void Caption(TrainingGolden golden, CaseContext context)
    {
        var (captions, prompts) = (Rows(golden.Read("in.caption_features")), Rows(golden.Read("in.prompt_features")));
        var pairs = golden.Json.GetProperty("pairs_for_R0").EnumerateArray().Select(pair => (pair[0].GetInt32(), pair[1].GetInt32())).ToList();
        var baseline = CaptionReward.Baseline(prompts, prompts, pairs);
        var cosines = captions.Zip(prompts, (caption, prompt) => CaptionReward.Cosine(caption, prompt)).ToArray();
        var direction = FeatureDirection.Mean(prompts);
        var reduced = prompts.ConvertAll(prompt => FeatureDirection.Remove(prompt, direction, golden.Json.GetProperty("removed_share").GetDouble()));
        TrainingGolden.Compare(context, "R0", golden.Json.GetProperty("R0"), baseline);
        golden.Compare(context, "out.cosine", cosines);
        golden.Compare(context, "out.centred", Array.ConvertAll(cosines, cosine => CaptionReward.Center(cosine, baseline)));
        golden.Compare(context, "out.mean_direction", direction);
        golden.Compare(context, "out.prompt_features_reduced", [.. reduced.SelectMany(row => row)]);
        golden.Compare(context, "out.reduced_score", [.. captions.Zip(reduced, (caption, prompt) => FeatureDirection.Score(caption, prompt))]);

        static List<double[]> Rows(Tensor features) => [.. Numbers(features).Chunk((int)features.shape[1])];
    }

    private static void Likelihood(TrainingGolden golden, CaseContext context)
    {
        var targets = Matrix(golden.Json.GetProperty("targets"));
        var mask = Matrix(golden.Json.GetProperty("mask"));
        foreach (var smoothing in golden.Keys.Where(key => key.EndsWith(".per_sample", StringComparison.Ordinal)).ToList())
        {
            var prefix = smoothing[..^".per_sample".Length];
            var amount = double.Parse(prefix["out.s".Length..], System.Globalization.CultureInfo.InvariantCulture);
            Tensor Tokens(Tensor logits) => PromptLikelihood.TokenLogProbabilities(logits, targets, amount);
            golden.Compare(context, smoothing, PromptLikelihood.Mean(Tokens(golden.Read("in.logits")), mask).neg());
            Loss("per_sample_mean", logits => PromptLikelihood.Mean(Tokens(logits), mask).mean().neg());
            Loss("all_tokens", logits => PromptLikelihood.MeanOverBatch(Tokens(logits), mask).neg());

            void Loss(string name, Func<Tensor, Tensor> loss)
            {
                var logits = golden.Read("in.logits").requires_grad_();
                var value = loss(logits);
                value.backward();
                golden.Compare(context, $"{prefix}.loss_{name}", Numbers(value));
                golden.Compare(context, $"{prefix}.grad_{name}", logits.grad!);
            }
        }
    }

    private static void Soft(TrainingGolden golden, CaseContext context)
    {
        var logits = golden.Read("in.logits").requires_grad_();
        var embedded = SoftCaption.Embed(SoftCaption.Tokens(logits, Matrix(golden.Json.GetProperty("caption_ids"))), golden.Read("in.embedding"));
        var features = nn.functional.linear(tanh(nn.functional.linear(embedded.mean([1]), golden.Read("in.w1").t())), golden.Read("in.w2").t());
        var cosine = FeatureCosine.Of(features, golden.Read("in.prompt_features"));
        var loss = cosine.neg().add(Scalars.Of(1)).mean();
        loss.backward();
        golden.Compare(context, "out.features", features);
        golden.Compare(context, "out.cosine", cosine);
        golden.Compare(context, "out.loss", Numbers(loss));
        golden.Compare(context, "out.grad_logits", logits.grad!);
    }

    private static void Score(TrainingGolden golden, CaseContext context)
    {
        var rewards = golden.Read("in.rewards_of_sequences");
        var sequences = golden.Json.GetProperty("sequences").EnumerateArray().Select(Ints).ToList();
        golden.Compare(context, "out.log_probs", LogProbabilities(golden.Read("in.image_features")));

        var image = golden.Read("in.image_features").requires_grad_();
        var expected = LogProbabilities(image).exp().mul(rewards).sum();
        expected.neg().backward();
        golden.Compare(context, "out.expected_reward", Numbers(expected));
        golden.Compare(context, "out.exact_grad", image.grad!);
        foreach (var (index, draw) in golden.Json.GetProperty("draws").EnumerateArray().Select(Ints).Index())
        {
            var chosen = tensor(draw.Select(i => (long)i).ToArray());
            image = golden.Read("in.image_features").requires_grad_();
            var loss = ScoreFunction.Loss(LogProbabilities(image).index_select(0, chosen), rewards.index_select(0, chosen));
            loss.backward();
            golden.Compare(context, $"out.draw.{index}.baseline", ScoreFunction.Baselines(rewards.index_select(0, chosen)));
            golden.Compare(context, $"out.draw.{index}.loss", Numbers(loss));
            golden.Compare(context, $"out.draw.{index}.grad", image.grad!);
        }

        // the pack's captioner: logits_i = w[i] I + u[i, previous token]
        Tensor LogProbabilities(Tensor features)
        {
            var (w, u) = (golden.Read("in.w"), golden.Read("in.u"));
            return stack([.. sequences.Select(sequence => stack([.. sequence.Select((token, i) =>
            {
                var logits = nn.functional.linear(features, w[i]);
                return nn.functional.log_softmax(i == 0 ? logits : logits.add(u[i, sequence[i - 1]]), -1)[token];
            })]).sum())]);
        }
    }

    private static void Contrast(TrainingGolden golden, CaseContext context)
    {
        var queries = golden.Read("in.query_features").requires_grad_();
        var similarities = ContrastiveReward.Similarities(queries, golden.Read("in.text_features"));
        var loss = ContrastiveReward.Score(queries, golden.Read("in.text_features")).neg().add(Scalars.Of(1)).mean();
        loss.backward();
        golden.Compare(context, "out.similarities", similarities);
        golden.Compare(context, "out.loss", Numbers(loss));
        golden.Compare(context, "out.grad_query_features", queries.grad!);
        context.EqualSequence("best_query", Ints(golden.Json.GetProperty("best_query")).Select(i => (double)i), Numbers(similarities.argmax(-1)));
    }

    private static void Hinge(TrainingGolden golden, CaseContext context, int index, JsonElement entry)
    {
        var rewards = golden.Read("in.rewards").requires_grad_();
        var (threshold, scale) = (entry.GetProperty("threshold").GetDouble(), entry.GetProperty("scale").GetDouble());
        var loss = entry.GetProperty("kind").GetString() == "margin" ? RewardHinge.Margin(rewards, threshold, scale) : RewardHinge.Floor(rewards, threshold,
            scale);
        loss.backward();
        golden.Compare(context, $"out.{index}.loss", Numbers(loss));
        golden.Compare(context, $"out.{index}.grad", rewards.grad!);
    }

    private static void Resize(TrainingGolden golden, CaseContext context, JsonElement entry)
    {
        var id = entry.GetProperty("id").GetString();
        var size = Ints(entry.GetProperty("size"));
        var input = golden.Read($"{id}.in.x").requires_grad_();
        var kernel = entry.GetProperty("mode").GetString() == "bilinear" ? ResizeKernel.Bilinear : ResizeKernel.Bicubic;
        var output = new DifferentiableImageProcessor(size[0], size[1], [0, 0, 0], [1, 1, 1], kernel).Resize(input);
        output.mul(golden.Read($"{id}.in.cotangent")).sum().backward();
        golden.Compare(context, $"{id}.out.y", output);
        golden.Compare(context, $"{id}.out.grad_x", input.grad!);
    }

    private static void GradientPath(TrainingGolden golden, CaseContext context)
    {
        using var networks = TrainingNetworks.Open(golden.Part);
        var json = golden.Json;
        var latents = golden.Read("in.latents").requires_grad_();
        var image = Keep(networks.Vae.Decode(latents.div(Scalars.Of(json.GetProperty("scaling_factor").GetDouble()))));
        var unit = Keep(DifferentiableImageProcessor.ToUnitRange(image));
        var size = json.GetProperty("size").GetInt32();
        var processor = new DifferentiableImageProcessor(size, size, Doubles(json.GetProperty("mean")), Doubles(json.GetProperty("std")));
        var resized = Keep(processor.Resize(TrainingNetworks.Crop(json.GetProperty("crop")).Of(unit)));
        var pixels = Keep(processor.Normalize(resized));
        var features = networks.Clip.ImageFeatures(pixels);
        var texts = networks.Clip.TextFeatures(Matrix(json.GetProperty("ids")));
        var cosine = FeatureCosine.Of(features, texts);
        cosine.sum().backward();
        golden.Compare(context, "out.image", image);
        golden.Compare(context, "out.image_01", unit);
        golden.Compare(context, "out.resized", resized);
        golden.Compare(context, "out.pixel_values", pixels);
        golden.Compare(context, "out.image_features", features);
        golden.Compare(context, "out.text_features", texts);
        golden.Compare(context, "out.cosine", cosine);
        golden.Compare(context, "out.grad_pixel_values", pixels.grad!);
        golden.Compare(context, "out.grad_resized", resized.grad!);
        golden.Compare(context, "out.grad_image_01", unit.grad!);
        golden.Compare(context, "out.grad_image", image.grad!);
        golden.Compare(context, "out.grad_latents", latents.grad!);

        static Tensor Keep(Tensor tensor)
        {
            tensor.retain_grad();
            return tensor;
        }
    }

    private static IEnumerable<ConformanceCase> Tags(string folder)
    {
        var json = Parse(Path.Combine(folder, "sam.json"));
        foreach (var (index, entry) in json.GetProperty("code_compatible").EnumerateArray().Index())
        {
            yield return new ConformanceCase($"sam/code_compatible/{index}", context =>
            {
                var reply = entry.GetProperty("reply").GetString()!;
                context.Equal("digit_sum", entry.GetProperty("digit_sum").GetInt32(), TagReward.DigitSum(reply));
                TrainingGolden.Compare(context, "reward", entry.GetProperty("expected"), TagReward.FromReplyDigits(reply, entry.GetProperty("tag_count")
                    .GetInt32())!.Value);
            });
        }

        foreach (var (index, entry) in json.GetProperty("strict").EnumerateArray().Index())
        {
            yield return new ConformanceCase($"sam/strict/{index}", context =>
            {
                var expected = entry.GetProperty("expected");
                var reward = TagReward.Of(Texts(entry.GetProperty("tags")),
                    entry.GetProperty("scored").EnumerateArray().Select(pair => (pair[0].GetString()!, pair[1].GetDouble())));
                var recall = TagReward.Recall(Texts(entry.GetProperty("prompt_nouns")), Texts(entry.GetProperty("nouns_covered_by_tags")));
                context.EqualSequence("scores", Doubles(expected.GetProperty("scores")), reward.Scores);
                TrainingGolden.Compare(context, "r_sam", expected.GetProperty("r_sam"), reward.Precision);
                TrainingGolden.Compare(context, "recall", expected.GetProperty("recall"), recall);
                TrainingGolden.Compare(context, "f1", expected.GetProperty("f1"), TagReward.F1(reward.Precision, recall));
                TrainingGolden.Compare(context, "code_compatible", expected.GetProperty("code_compatible"), reward.OnPublishedScale ?? 0);
            });
        }
    }

    private static IEnumerable<ConformanceCase> Ranking(string folder)
    {
        var json = Parse(Path.Combine(folder, "arl.json"));
        foreach (var entry in json.GetProperty("cases").EnumerateArray())
            yield return new ConformanceCase($"arl/{entry.GetProperty("id").GetString()}", context => Fusion(context, entry));
        foreach (var (index, entry) in json.GetProperty("defect_examples").EnumerateArray().Index())
        {
            yield return new ConformanceCase($"arl/defect/{index}", context =>
            {
                var rewards = Rewards(entry);
                var fused = RankFusion.Fuse(rewards, [.. rewards.Select(_ => 1.0)], 1);
                context.Equal("winner", entry.GetProperty("correct_winner").GetInt32(), fused.Winners[0]);
                context.True("differs from argsort as rank", entry.GetProperty("argsort_as_rank_winner").GetInt32() != fused.Winners[0]);
            });
        }

        foreach (var (index, entry) in json.GetProperty("raft").EnumerateArray().Index())
        {
            yield return new ConformanceCase($"arl/raft/{index}", context =>
            {
                var rewards = entry.GetProperty("rewards").EnumerateArray().Select(Doubles).ToList();
                context.EqualSequence("top", Pairs(entry.GetProperty("top")), RaftSelection.Top(rewards, entry.GetProperty("alpha").GetDouble()));
                context.EqualSequence("local", Pairs(entry.GetProperty("local")), RaftSelection.Local(rewards));
            });
        }

        static IEnumerable<(int, int)> Pairs(JsonElement list) => list.EnumerateArray().Select(pair => (pair[0].GetInt32(), pair[1].GetInt32()));
    }

    private static void Fusion(CaseContext context, JsonElement entry)
    {
        var rewards = Rewards(entry);
        var fused = RankFusion.Fuse(rewards, Doubles(entry.GetProperty("omega")), entry.GetProperty("alpha").GetDouble());
        var expected = entry.GetProperty("expected");
        context.EqualSequence("ranks", expected.GetProperty("ranks").EnumerateArray().SelectMany(k => k.EnumerateArray()).SelectMany(Doubles),
            fused.Ranks.SelectMany(k => k).SelectMany(p => p));
        TrainingGolden.Compare(context, "fused", Flatten(expected.GetProperty("fused")), [.. fused.Fused.SelectMany(p => p)]);
        context.EqualSequence("winners", Ints(expected.GetProperty("winners")), fused.Winners);
        context.EqualSequence("winners_zsum", Ints(expected.GetProperty("winners_zsum")), fused.WinnersByZSum);
        TrainingGolden.Compare(context, "winner_mean_z", expected.GetProperty("winner_mean_z"), fused.WinnerMeanZ);
        TrainingGolden.Compare(context, "z_mean", expected.GetProperty("z_mean"), [.. fused.Statistics.Select(item => item.Mean)]);
        TrainingGolden.Compare(context, "z_std", expected.GetProperty("z_std"), [.. fused.Statistics.Select(item => item.Deviation)]);
        context.EqualSequence("kept_prompts", Ints(expected.GetProperty("kept_prompts")), fused.KeptPrompts);
        context.Equal("steps", expected.GetProperty("steps").GetInt32(), fused.Steps);
        TrainingGolden.Compare(context, "mean_reward_all", expected.GetProperty("mean_reward_all"), [.. fused.Statistics.Select(item => item.Mean)]);
        TrainingGolden.Compare(context, "mean_reward_winners", expected.GetProperty("mean_reward_winners"), fused.MeanRewardOfWinners);
    }

    private static JsonElement Flatten(JsonElement rows) => JsonSerializer.SerializeToElement(rows.EnumerateArray().SelectMany(Doubles));

    private static List<IReadOnlyList<IReadOnlyList<double>>> Rewards(JsonElement entry) =>
        [.. entry.GetProperty("rewards").EnumerateArray().Select(reward => (IReadOnlyList<IReadOnlyList<double>>)reward.EnumerateArray()
            .Select(row => (IReadOnlyList<double>)Doubles(row)).ToList())];

    private static Tensor Matrix(JsonElement rows) => TrainingNetworks.Ids([.. rows.EnumerateArray().Select(Ints)]);
}

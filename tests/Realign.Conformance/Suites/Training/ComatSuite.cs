using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Torch;
using Realign.Training.Adversarial;
using Realign.Training.Attention;
using Realign.Training.Feedback;
using Realign.Training.Lora;
using Realign.Training.Optimization;
using Realign.Training.Sampling;
using static Realign.Conformance.Suites.Training.TrainingGolden;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.Training;

internal sealed class ComatSuite : IConformanceSuite
{
    public string Folder => "training/comat";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        foreach (var entry in Parse(Path.Combine(folder, "attention_losses.json")).GetProperty("cases").EnumerateArray())
            yield return Case(folder, "attention_losses", $"attention_losses/{entry.GetProperty("id").GetString()}", (golden, context) =>
                Losses(golden, context, entry));
        yield return Case(folder, "step", "step/generator", Generator);
        yield return Case(folder, "step", "step/closed_form", ClosedForm);
        yield return Case(folder, "step", "step/chained", Chained);
        yield return Case(folder, "step", "step/discriminator", Discriminator);
    }

    private static void Losses(TrainingGolden golden, CaseContext context, JsonElement entry)
    {
        var id = entry.GetProperty("id").GetString();
        var published = entry.GetProperty("published_behaviour").GetBoolean();
        var masks = golden.Read($"{id}.in.masks");
        var entities = entry.GetProperty("entities").EnumerateArray().Select(Ints).ToList();
        var batch = entry.GetProperty("batch").GetInt32();
        context.EqualSequence("kept", Ints(entry.GetProperty("kept_entities")), AttentionConcentration.Kept(masks, entities.Count, published));
        var maps = new List<List<Tensor>>();
        var losses = new List<(Tensor Token, Tensor Pixel)>();
        foreach (var (index, group) in entry.GetProperty("groups").EnumerateArray().Index())
        {
            maps.Add([.. Enumerable.Range(0, group.GetProperty("layers").GetInt32())
                .Select(layer => nn.functional.softmax(golden.Read($"{id}.in.logits.{index}.{layer}").to(ScalarType.Float64), -1).requires_grad_())]);
            losses.Add(AttentionConcentration.OfGroup(maps[index], masks, entities, published));
            var resized = AttentionConcentration.ResizeMasks(masks, group.GetProperty("height").GetInt32(), group.GetProperty("width").GetInt32());
            if (entities.Count > 0)
                golden.Compare(context, $"{id}.out.mask.{index}", resized);
            var expected = entry.GetProperty("per_group")[index];
            TrainingGolden.Compare(context, $"token of group {index}", expected[0], losses[index].Token.item<double>());
            TrainingGolden.Compare(context, $"pixel of group {index}", expected[1], losses[index].Pixel.item<double>());
        }

        Compare("token", losses.Select(loss => loss.Token));
        Compare("pixel", losses.Select(loss => loss.Pixel));

        void Compare(string name, IEnumerable<Tensor> parts)
        {
            var total = parts.Aggregate((left, right) => left.add(right)).div(Scalars.Of(batch));
            foreach (var map in maps.SelectMany(group => group))
                map.grad = null;
            autograd.backward([total], retain_graph: true);
            golden.Compare(context, $"{id}.out.{name}_loss", Numbers(total));
            foreach (var (index, group) in maps.Index())
            {
                foreach (var (layer, map) in group.Index())
                    golden.Compare(context, $"{id}.out.grad_{name}.{index}.{layer}", map.grad!);
            }
        }
    }

    private static void Generator(TrainingGolden golden, CaseContext context)
    {
        using var setup = new Setup(golden);
        var json = golden.Json;
        TrainingGolden.Compare(context, "coefficients", json.GetProperty("coefficients"), setup.Sampler.Sensitivities());
        var rollout = setup.Run(json.GetProperty("detach_input").GetBoolean());
        var latents = rollout.Result;
        latents.retain_grad();
        var image = setup.Networks.Vae.Decode(latents.div(Scalars.Of(setup.Networks.ScalingFactor)));
        image.retain_grad();
        var caption = setup.Caption(image);
        var logits = setup.OpenDiscriminator().Logits(latents);
        var adversarial = LatentDiscriminator.GeneratorLoss(logits);
        var groups = setup.Groups();
        context.EqualSequence("groups", json.GetProperty("groups").EnumerateArray().Select(group =>
            $"{group.GetProperty("maps")} {group.GetProperty("height")} {group.GetProperty("width")}"),
            groups.Select(group => $"{group.Count} {group[0].shape[1]} {group[0].shape[2]}"));
        var losses = groups.Select(group => AttentionConcentration.OfGroup(group, golden.Read("in.masks"), setup.Entities)).ToList();
        foreach (var (index, expected) in json.GetProperty("per_group").EnumerateArray().Index())
        {
            TrainingGolden.Compare(context, $"token of group {index}", expected[0], losses[index].Token.item<double>(), network: true);
            TrainingGolden.Compare(context, $"pixel of group {index}", expected[1], losses[index].Pixel.item<double>(), network: true);
        }

        var token = losses.Select(loss => loss.Token).Aggregate((left, right) => left.add(right));
        var pixel = losses.Select(loss => loss.Pixel).Aggregate((left, right) => left.add(right));
        var weights = json.GetProperty("weights");
        var total = caption.add(token.to(ScalarType.Float32).mul(Scalars.Of(weights.GetProperty("alpha").GetDouble())))
            .add(pixel.to(ScalarType.Float32).mul(Scalars.Of(weights.GetProperty("beta").GetDouble()))).add(
                adversarial.mul(Scalars.Of(weights.GetProperty("lam").GetDouble())));
        setup.Part(context, "cap", caption);
        golden.Compare(context, "out.grad_image", image.grad!);
        golden.Compare(context, "out.grad_latents_from_caption", latents.grad!);
        setup.Part(context, "token", token);
        setup.Part(context, "pixel", pixel);
        setup.Part(context, "adv", adversarial);
        latents.grad = null;
        setup.Part(context, "total", total);
        golden.Compare(context, "out.grad_latents", latents.grad!);
        golden.Compare(context, "out.latents", latents);
        golden.Compare(context, "out.latents_before_step", cat([.. rollout.LatentsBeforeStep]));
        golden.Compare(context, "out.image", image);
        golden.Compare(context, "out.discriminator_logits", logits);
        foreach (var (name, loss) in new[] { ("_cap", caption), ("_token", token), ("_pixel", pixel), ("_adv", adversarial), ("", total) })
            golden.Compare(context, $"out.loss{name}", Numbers(loss));
        setup.Update(context, "generator", setup.Generator.Parameters, "out.");
    }

    /// <summary>The same gradient without a long graph: one pass per graded step, attention losses added to the recorded ones.</summary>
    private static void ClosedForm(TrainingGolden golden, CaseContext context)
    {
        using var setup = new Setup(golden);
        Rollout rollout;
        using (no_grad())
            rollout = setup.Run(detach: true);
        setup.ClearMaps();
        var latents = rollout.Result.detach().requires_grad_();
        setup.Caption(setup.Networks.Vae.Decode(latents.div(Scalars.Of(setup.Networks.ScalingFactor))))
            .add(LatentDiscriminator.GeneratorLoss(setup.OpenDiscriminator().Logits(latents)).mul(Scalars.Of(golden.Json.GetProperty("weights")
                .GetProperty("lam").GetDouble()))).backward();
        golden.Compare(context, "out.grad_latents", latents.grad!);
        setup.ClearGradients();
        var weights = golden.Json.GetProperty("weights");
        rollout.BackwardClosedForm(setup.Sampler, setup.Predict, latents.grad!, new RolloutOptions { GradedSteps = setup.Graded }, setup.Trained,
            extraLoss: index =>
        {
            var times = setup.Recorded.Count(step => step == index);
            var losses = setup.GroupsOf(index).Select(group => AttentionConcentration.OfGroup(group, golden.Read("in.masks"), setup.Entities)).ToList();
            return losses.Count == 0
                ? null
                : losses.Select(loss => loss.Token.mul(Scalars.Of(weights.GetProperty("alpha").GetDouble()))
                        .add(loss.Pixel.mul(Scalars.Of(weights.GetProperty("beta").GetDouble()))))
                    .Aggregate((left, right) => left.add(right)).mul(Scalars.Of(times));
        });
        setup.CompareGradients(context, "total");
    }

    private static void Chained(TrainingGolden golden, CaseContext context)
    {
        using var setup = new Setup(golden);
        var rollout = setup.Run(detach: false);
        setup.Caption(setup.Networks.Vae.Decode(rollout.Result.div(Scalars.Of(setup.Networks.ScalingFactor)))).backward();
        golden.Compare(context, "out.chained.grad_norms_cap", setup.GeneratorNorms());
    }

    private static void Discriminator(TrainingGolden golden, CaseContext context)
    {
        using var setup = new Setup(golden);
        Rollout rollout;
        using (no_grad())
            rollout = setup.Run(detach: true);
        var discriminator = setup.OpenDiscriminator();
        var logits = discriminator.Logits(cat([rollout.Result.detach(), golden.Read("in.reference_latents")]));
        var loss = LatentDiscriminator.DiscriminatorLoss(logits[..1], logits[1..]);
        loss.backward();
        golden.Compare(context, "out.d.logits", logits);
        golden.Compare(context, "out.d.loss", Numbers(loss));
        var parameters = setup.DiscriminatorParameters();
        var names = Texts(golden.Json.GetProperty("d_gradient_names"));
        golden.Compare(context, "out.d.grad_norms", [.. names.Select(name => GradientClip.TotalNorm([parameters[name].grad]))]);
        foreach (var name in names.Where(name => golden.Has($"out.d.grad.{name}")))
            golden.Compare(context, $"out.d.grad.{name}", parameters[name].grad!);
        setup.Update(context, "discriminator", [.. names.Select(name => (name, parameters[name]))], "out.d.");
    }

    private sealed class Setup : IDisposable
    {
        private readonly TrainingGolden _golden;
        private readonly NoisePredictor _predictor;
        private readonly List<(int Step, AttentionRecorder Recorder)> _recorders = [];
        private readonly Tensor _emptyStates;
        private TrainableLora? _discriminatorLora;
        private Tensor? _headWeight;
        private Tensor? _headBias;

        public Setup(TrainingGolden golden)
        {
            _golden = golden;
            var json = golden.Json;
            Networks = TrainingNetworks.Open(golden.Part);
            _emptyStates = Networks.Encode(Ints(json.GetProperty("empty_ids")));
            _predictor = new NoisePredictor(Networks.UNet, Networks.Encode(Ints(json.GetProperty("ids"))), _emptyStates, json.GetProperty("guidance_scale")
                .GetDouble());
            Sampler = LinearSampler.Ddpm(Networks.AlphasCumprod(), Ints(json.GetProperty("timesteps")));
            Generator = Lora(Networks.UNet, "in.generator.");
            Trained = [.. Generator.Parameters.Select(item => item.Tensor)];
            Graded = Ints(json.GetProperty("graded"));
            Recorded = Ints(json.GetProperty("recorded"));
            Entities = [.. json.GetProperty("entities").EnumerateArray().Select(Ints)];
        }

        public TrainingNetworks Networks { get; }

        public LinearSampler Sampler { get; }

        public TrainableLora Generator { get; }

        public IList<Tensor> Trained { get; }

        public int[] Graded { get; }

        public int[] Recorded { get; }

        public List<int[]> Entities { get; }

        public Rollout Run(bool detach) => Rollout.Run(Sampler, Predict, _golden.Read("in.latents"), index => _golden.Read($"in.noise.{index}"),
            new RolloutOptions { GradedSteps = Graded, DetachInput = detach });

        public Tensor Predict(Tensor latents, int index)
        {
            if (!Recorded.Contains(index))
                return _predictor.Predict(latents, Sampler.Steps[index].Timestep);
            var recorder = new AttentionRecorder(AttentionRecorder.IsConcentrationSite);
            _recorders.Add((index, recorder));
            return _predictor.Predict(latents, Sampler.Steps[index].Timestep, recorder);
        }

        /// <summary>Groups of each recorded step; a step drawn twice counts twice.</summary>
        public List<IReadOnlyList<Tensor>> Groups() => [.. Recorded.SelectMany(GroupsOf)];

        public IEnumerable<IReadOnlyList<Tensor>> GroupsOf(int step) => _recorders.Where(item => item.Step == step).SelectMany(item => item.Recorder.Groups());

        public void ClearMaps()
        {
            _recorders.ForEach(item => item.Recorder.Clear());
            _recorders.Clear();
        }

        public Tensor Caption(Tensor image) => TrainingNetworks.Crop(_golden.Json.GetProperty("crop")).Of(image.div(Scalars.Of(2)).add(Scalars.Of(0.5)))
            .mul(_golden.Read("in.caption_cotangent")).mean().mul(Scalars.Of(-4));

        public LatentDiscriminator OpenDiscriminator()
        {
            var unet = Networks.OpenUNet();
            _discriminatorLora = Lora(unet, "in.discriminator.");
            _headWeight = _golden.Read("in.head.weight").requires_grad_();
            _headBias = _golden.Read("in.head.bias").requires_grad_();
            return new LatentDiscriminator(unet, _headWeight, _headBias, _golden.Json.GetProperty("discriminator").GetProperty("timestep").GetInt32(),
                _emptyStates);
        }

        public Dictionary<string, Tensor> DiscriminatorParameters()
        {
            var parameters = _discriminatorLora!.Parameters.ToDictionary(item => item.Name, item => item.Tensor, StringComparer.Ordinal);
            parameters["head.weight"] = _headWeight!;
            parameters["head.bias"] = _headBias!;
            return parameters;
        }

        /// <summary>Gradient of one part of the loss alone.</summary>
        public void Part(CaseContext context, string name, Tensor loss)
        {
            ClearGradients();
            autograd.backward([loss], retain_graph: true);
            CompareGradients(context, name);
        }

        public void ClearGradients()
        {
            foreach (var tensor in Trained)
                tensor.grad = null;
        }

        public double[] GeneratorNorms()
        {
            var byName = Generator.Parameters.ToDictionary(item => item.Name, item => item.Tensor, StringComparer.Ordinal);
            return [.. Texts(_golden.Json.GetProperty("gradient_names")).Select(name => GradientClip.TotalNorm([byName[name].grad]))];
        }

        public void CompareGradients(CaseContext context, string name)
        {
            _golden.Compare(context, $"out.grad_norms_{name}", GeneratorNorms());
            foreach (var (key, tensor) in Generator.Parameters.Where(item => _golden.Has($"out.grad_{name}.{item.Name}")))
                _golden.Compare(context, $"out.grad_{name}.{key}", tensor.grad ?? zeros_like(tensor));
        }

        /// <summary>Clip and one optimizer step from the gradients as they are.</summary>
        public void Update(CaseContext context, string who, IReadOnlyList<(string Name, Tensor Tensor)> parameters, string prefix)
        {
            var json = _golden.Json.GetProperty("optimisers").GetProperty(who);
            var before = parameters.Select(item => item.Tensor.detach().clone()).ToList();
            var gradients = parameters.Select(item => item.Tensor.grad).ToList();
            var total = GradientClip.Apply(gradients, json.GetProperty("clip_norm").GetDouble());
            _golden.Compare(context, prefix + "grad_norm_total", [total]);
            using var optimizer = new AdamW(parameters.Select(item => item.Tensor), new AdamWOptions
            {
                Beta1 = json.GetProperty("betas")[0].GetDouble(),
                Beta2 = json.GetProperty("betas")[1].GetDouble(),
                Epsilon = json.GetProperty("eps").GetDouble(),
                WeightDecay = json.GetProperty("weight_decay").GetDouble(),
            });
            optimizer.Step(gradients, json.GetProperty("lr").GetDouble());
            foreach (var ((name, tensor), initial) in parameters.Zip(before).Where(item => _golden.Has($"{prefix}weight_change.{item.First.Name}")))
                _golden.Compare(context, $"{prefix}weight_change.{name}", tensor.detach().sub(initial));
        }

        private TrainableLora Lora(nn.Module model, string prefix)
        {
            var pairs = Texts(_golden.Json.GetProperty("lora").GetProperty("modules")).ToDictionary(module => module,
                module => (_golden.Read($"{prefix}{module}.lora.down.weight"), _golden.Read($"{prefix}{module}.lora.up.weight")), StringComparer.Ordinal);
            return TrainableLora.From(model, pairs, _golden.Json.GetProperty("lora").GetProperty("scale").GetDouble());
        }

        public void Dispose()
        {
            ClearMaps();
            Generator.Dispose();
            _discriminatorLora?.Dispose();
            Networks.Dispose();
        }
    }
}

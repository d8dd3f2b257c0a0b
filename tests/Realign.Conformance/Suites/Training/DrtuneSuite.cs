using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Torch;
using Realign.Torch.Images;
using Realign.Training.Feedback;
using Realign.Training.Sampling;
using static Realign.Conformance.Suites.Training.TrainingGolden;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.Training;

internal sealed class DrtuneSuite : IConformanceSuite
{
    public string Folder => "training/drtune";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        var coefficients = Parse(Path.Combine(folder, "coefficients.json"));
        foreach (var (index, entry) in coefficients.GetProperty("tables").EnumerateArray().Index())
            yield return Case(folder, "coefficients", $"coefficients/table/{index}", (golden, context) => Table(golden, context, entry));
        foreach (var (index, entry) in coefficients.GetProperty("index_sets").EnumerateArray().Index())
            yield return new ConformanceCase($"coefficients/index_set/{index}", context => IndexSet(context, entry));
        foreach (var entry in Parse(Path.Combine(folder, "drtune.json")).GetProperty("cases").EnumerateArray())
        {
            var id = entry.GetProperty("id").GetString()!;
            yield return Case(folder, "drtune", $"drtune/{id}", (golden, context) => Chain(golden, context, id, entry));
            if (entry.GetProperty("detach").GetBoolean() && !entry.TryGetProperty("lv", out _))
                yield return Case(folder, "drtune", $"drtune/{id}/closed_form", (golden, context) => ClosedForm(golden, context, id, entry));
        }
    }

    private static void Table(TrainingGolden golden, CaseContext context, JsonElement entry)
    {
        using var networks = TrainingNetworks.Open(golden.Part);
        var table = networks.AlphasCumprod();
        var times = Ints(entry.GetProperty("timesteps"));
        int? stop = entry.GetProperty("stop") is { ValueKind: JsonValueKind.Number } number ? number.GetInt32() : null;
        context.EqualSequence("timesteps", times.Select(time => (double)time), networks.Timesteps(entry.GetProperty("T").GetInt32()));
        context.EqualSequence("alphas_cumprod", networks.PublishedAlphasCumprod(), table);
        TrainingGolden.Compare(context, "abar_final", golden.Json.GetProperty("abar_final"), table[0]);
        var ddim = LinearSampler.Ddim(table, times);
        TrainingGolden.Compare(context, "sigma", entry.GetProperty("sigma"), [.. ddim.Steps.Select(step => step.Sigma)]);
        TrainingGolden.Compare(context, "ddim", entry.GetProperty("ddim"), ddim.Sensitivities(stop));
        TrainingGolden.Compare(context, "ddim_eta1", entry.GetProperty("ddim_eta1"), LinearSampler.Ddim(table, times, 1).Sensitivities(stop));
        TrainingGolden.Compare(context, "ddpm", entry.GetProperty("ddpm"), LinearSampler.Ddpm(table, times).Sensitivities(stop));
    }

    private static void IndexSet(CaseContext context, JsonElement entry)
    {
        var (steps, count) = (entry.GetProperty("T").GetInt32(), entry.GetProperty("K").GetInt32());
        context.EqualSequence("s_range", Ints(entry.GetProperty("s_range")), [1, GradedSteps.MaxOffset(steps, count)]);
        var indices = GradedSteps.Equidistant(steps, count, entry.GetProperty("s").GetInt32());
        context.EqualSequence("step_indices", Ints(entry.GetProperty("step_indices")), indices);
        context.EqualSequence("t_train", Ints(entry.GetProperty("t_train_counted_from_clean_end")), indices.Select(index => steps - index).Order());
    }

    private static void Chain(TrainingGolden golden, CaseContext context, string id, JsonElement entry)
    {
        using var setup = new Setup(golden, entry);
        setup.CompareCoefficients(context);
        var rollout = Rollout.Run(setup.Sampler, setup.Predict, golden.Read("in.latents"), setup.Noise, setup.Options);
        rollout.Result.retain_grad();
        var reward = setup.Reward(rollout.Result);
        var loss = setup.Loss(reward);
        if (entry.TryGetProperty("lv", out var repeats))
            loss = Repeated(golden, context, id, setup, rollout.Result, loss, repeats.GetInt32());
        loss.backward();
        golden.Compare(context, $"{id}.out.x0", rollout.Result);
        golden.Compare(context, $"{id}.out.latents_before_step", cat([.. rollout.LatentsBeforeStep]));
        golden.Compare(context, $"{id}.out.reward", Numbers(reward));
        golden.Compare(context, $"{id}.out.loss", Numbers(loss));
        golden.Compare(context, $"{id}.out.grad_x0", rollout.Result.grad!);
        setup.Weights.Compare(golden, context, $"{id}.out.");
    }

    /// <summary>DRaFT-LV: the finished sample is noised again to the last time, and the graded step repeated with other noise.</summary>
    private static Tensor Repeated(TrainingGolden golden, CaseContext context, string id, Setup setup, Tensor result, Tensor loss, int repeats)
    {
        for (var j = 0; j < repeats; j++)
        {
            var again = LowVariance.Renoise(setup.Sampler, result, golden.Read($"in.lv_noise.{j}"), setup.Predict);
            golden.Compare(context, $"{id}.out.lv_x0.{j}", again);
            loss = loss.add(setup.Loss(setup.Reward(again)));
        }

        return loss;
    }

    private static void ClosedForm(TrainingGolden golden, CaseContext context, string id, JsonElement entry)
    {
        using var setup = new Setup(golden, entry);
        Rollout rollout;
        using (no_grad())
            rollout = Rollout.Run(setup.Sampler, setup.Predict, golden.Read("in.latents"), setup.Noise, setup.Options);
        var result = rollout.Result.detach().requires_grad_();
        setup.Loss(setup.Reward(result)).backward();
        golden.Compare(context, $"{id}.out.grad_x0", result.grad!);
        var names = Texts(golden.Json.GetProperty("parameter_names"));
        var summed = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        rollout.BackwardClosedForm(setup.Sampler, setup.Predict, result.grad!, setup.Options, setup.Weights.Tensors, afterStep: index =>
        {
            var key = $"{id}.out.closed_form.{index}.grad_norms";
            if (golden.Has(key))
                golden.Compare(context, key, setup.Weights.GradientNorms(names));
            foreach (var name in names.Where(name => setup.Weights[name].grad is not null))
            {
                var share = setup.Weights[name].grad!.clone().MoveToOuterDisposeScope();
                summed[name] = summed.TryGetValue(name, out var sum) ? sum.add_(share) : share;
            }

            setup.Weights.Clear();
        });
        foreach (var name in names)
            setup.Weights[name].grad = summed.GetValueOrDefault(name);
        setup.Weights.Compare(golden, context, $"{id}.out.");
    }

    /// <summary>What a case of the json describes.</summary>
    private sealed class Setup : IDisposable
    {
        private readonly TrainingGolden _golden;
        private readonly JsonElement _entry;
        private readonly TrainingNetworks _networks;
        private readonly NoisePredictor _predictor;

        public Setup(TrainingGolden golden, JsonElement entry)
        {
            (_golden, _entry) = (golden, entry);
            _networks = TrainingNetworks.Open(golden.Part);
            var json = golden.Json;
            Weights = new TrainedWeights(_networks.UNet);
            _predictor = new NoisePredictor(_networks.UNet, _networks.Encode(Ints(json.GetProperty("ids"))),
                _networks.Encode(Ints(json.GetProperty("empty_ids"))),
                json.GetProperty("guidance_scale").GetDouble(), Value("uncond_grad").GetBoolean());
            var times = Ints(json.GetProperty("timesteps"));
            Sampler = Value("sampler").GetString() == "ddpm"
                ? LinearSampler.Ddpm(_networks.AlphasCumprod(), times)
                : LinearSampler.Ddim(_networks.AlphasCumprod(), times, Value("eta").GetDouble());
            Options = new RolloutOptions
            {
                GradedSteps = Ints(entry.GetProperty("graded")),
                DetachInput = entry.GetProperty("detach").GetBoolean(),
                StopStep = Value("stop") is { ValueKind: JsonValueKind.Number } stop ? stop.GetInt32() : null,
            };
        }

        public LinearSampler Sampler { get; }

        public RolloutOptions Options { get; }

        public TrainedWeights Weights { get; }

        public Tensor Predict(Tensor latents, int index) => _predictor.Predict(latents, Sampler.Steps[index].Timestep);

        public Tensor Noise(int index) => _golden.Read($"in.noise.{index}");

        /// <summary>The two rewards of the pack: distance to a latent, or a linear function of the clamped image.</summary>
        public Tensor Reward(Tensor result) => Value("reward").GetString() == "image"
            ? DifferentiableImageProcessor.ToUnitRange(_networks.Vae.Decode(result.div(Scalars.Of(_networks.ScalingFactor)))).mul(
                _golden.Read("in.reward_image")).mean().mul(Scalars.Of(4))
            : result.sub(_golden.Read("in.target")).square().mean().neg();

        public Tensor Loss(Tensor reward) => _entry.TryGetProperty("scale", out var scale)
            ? reward.neg().add(Scalars.Of(1)).mul(Scalars.Of(scale.GetDouble()))
            : reward.neg();

        public void CompareCoefficients(CaseContext context)
        {
            if (_entry.TryGetProperty("coefficients", out var expected))
                TrainingGolden.Compare(context, "coefficients", expected, Sampler.Sensitivities(Options.StopStep));
        }

        private JsonElement Value(string name) => _entry.TryGetProperty(name, out var value) ? value : _golden.Json.GetProperty("defaults").GetProperty(name);

        public void Dispose() => _networks.Dispose();
    }
}

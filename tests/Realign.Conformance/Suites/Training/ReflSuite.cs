using Realign.Conformance.Runner;
using Realign.Rewards.Tensors;
using Realign.Torch;
using Realign.Torch.Images;
using Realign.Training.Feedback;
using Realign.Training.Optimization;
using Realign.Training.Sampling;
using static Realign.Conformance.Suites.Training.TrainingGolden;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.Training;

internal sealed class ReflSuite : IConformanceSuite
{
    public string Folder => "training/refl";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        yield return Case(folder, "refl", "rollout", RolloutCase);
        yield return Case(folder, "refl", "dot", (golden, context) => Gradients(golden, context, "dot"));
        yield return Case(folder, "refl", "clip", (golden, context) => Gradients(golden, context, "clip"));
        yield return Case(folder, "refl", "pre", Pretraining);
        yield return Case(folder, "refl", "combined", Combined);
        yield return Case(folder, "refl", "steps", Steps);
    }

    private static void RolloutCase(TrainingGolden golden, CaseContext context)
    {
        using var networks = TrainingNetworks.Open(golden.Part);
        var json = golden.Json.GetProperty("rollout");
        var times = Ints(json.GetProperty("timesteps"));
        var count = json.GetProperty("steps_before").GetInt32();
        context.EqualSequence("timesteps", times.Select(time => (double)time), networks.Timesteps(json.GetProperty("T").GetInt32()));
        var sampler = LinearSampler.Ddpm(networks.AlphasCumprod(), times);
        foreach (var (index, expected) in json.GetProperty("coefficients").EnumerateArray().Index())
        {
            var step = sampler.Steps[index];
            context.Equal("t", expected.GetProperty("t").GetInt32(), step.Timestep);
            TrainingGolden.Compare(context, $"x {index}", expected.GetProperty("x"), step.Sample);
            TrainingGolden.Compare(context, $"eps {index}", expected.GetProperty("eps"), step.Prediction);
            TrainingGolden.Compare(context, $"std {index}", expected.GetProperty("std"), step.Noise);
        }

        using var noGradient = no_grad();
        var predictor = new NoisePredictor(networks.UNet, networks.Encode(Ints(golden.Json.GetProperty("ids"))));
        var rollout = Rollout.Run(sampler, (latents, index) => predictor.Predict(latents, times[index]), golden.Read("rollout.in.latents"),
            index => golden.Read($"rollout.in.noise.{index}"), new RolloutOptions { GradedSteps = [], StopStep = count });
        golden.Compare(context, "rollout.out.latents", cat([.. rollout.LatentsBeforeStep.Skip(1)]));
        golden.Compare(context, "out.x0", rollout.Result);
    }

    private static void Gradients(TrainingGolden golden, CaseContext context, string kind)
    {
        using var setup = new Setup(golden);
        var pass = setup.Forward(golden.Read("rollout.out.latents")[^1..], golden.Json.GetProperty("t").GetInt32(), kind);
        TrainingGolden.Compare(context, "sigma", golden.Json.GetProperty("sigma"), pass.Step.Sigma);
        pass.Loss.backward();
        golden.Compare(context, "out.eps", pass.Eps);
        golden.Compare(context, "out.x0", pass.Original);
        golden.Compare(context, "out.image", pass.Image);
        golden.Compare(context, $"{kind}.out.reward", Numbers(pass.Reward));
        golden.Compare(context, $"{kind}.out.loss", Numbers(pass.Loss));
        golden.Compare(context, $"{kind}.out.grad_image", pass.Image.grad!);
        golden.Compare(context, $"{kind}.out.grad_x0", pass.Original.grad!);
        golden.Compare(context, $"{kind}.out.grad_eps", pass.Eps.grad!);
        setup.Weights.Compare(golden, context, $"{kind}.out.");
    }

    private static void Pretraining(TrainingGolden golden, CaseContext context)
    {
        using var setup = new Setup(golden);
        var loss = setup.Pretraining("pre.in.latents", "pre.in.noise", Ints(golden.Json.GetProperty("pre").GetProperty("t")));
        loss.backward();
        golden.Compare(context, "pre.out.loss", Numbers(loss));
        setup.Weights.Compare(golden, context, "pre.out.");
    }

    private static void Combined(TrainingGolden golden, CaseContext context)
    {
        using var setup = new Setup(golden);
        var pass = setup.Forward(golden.Read("rollout.out.latents")[^1..], golden.Json.GetProperty("t").GetInt32(), "clip");
        var loss = pass.Loss.add(setup.Pretraining("pre.in.latents", "pre.in.noise", Ints(golden.Json.GetProperty("pre").GetProperty("t"))));
        loss.backward();
        golden.Compare(context, "combined.out.loss", Numbers(loss));
        setup.Weights.Compare(golden, context, "combined.out.");
    }

    private static void Steps(TrainingGolden golden, CaseContext context)
    {
        using var setup = new Setup(golden);
        var json = golden.Json.GetProperty("adamw");
        var names = Texts(golden.Json.GetProperty("parameter_names"));
        var weights = names.Select(name => setup.Weights[name]).ToList();
        var initial = weights.Select(weight => weight.detach().clone()).ToList();
        using var optimizer = new AdamW(weights, new AdamWOptions
        {
            Beta1 = json.GetProperty("betas")[0].GetDouble(),
            Beta2 = json.GetProperty("betas")[1].GetDouble(),
            Epsilon = json.GetProperty("eps").GetDouble(),
            WeightDecay = json.GetProperty("weight_decay").GetDouble(),
        });
        foreach (var (index, step) in golden.Json.GetProperty("steps").EnumerateArray().Index())
        {
            using var scope = NewDisposeScope();
            setup.Weights.Clear();
            var prefix = $"step.{index}";
            var pass = setup.Forward(golden.Read($"{prefix}.in.latents"), step.GetProperty("t").GetInt32(), "clip");
            var pre = setup.Pretraining($"{prefix}.in.pre_latents", $"{prefix}.in.pre_noise", Ints(step.GetProperty("pre_t")));
            pass.Loss.add(pre).backward();
            var gradients = weights.Select(weight => weight.grad).ToList();
            var total = GradientClip.Apply(gradients, json.GetProperty("clip_norm").GetDouble());
            optimizer.Step(gradients, json.GetProperty("lr").GetDouble());
            golden.Compare(context, $"{prefix}.out.reward", Numbers(pass.Reward));
            golden.Compare(context, $"{prefix}.out.loss_reward", Numbers(pass.Loss));
            golden.Compare(context, $"{prefix}.out.loss_pre", Numbers(pre));
            golden.Compare(context, $"{prefix}.out.grad_norm_total", [total]);
            var changes = weights.Zip(initial, (weight, before) => weight.detach().sub(before)).ToList();
            golden.Compare(context, $"{prefix}.out.weight_change_norms", [.. changes.Select(change => GradientClip.TotalNorm([change]))]);
            foreach (var (name, change, weight) in names.Zip(changes, weights))
            {
                if (golden.Has($"{prefix}.out.weight_change.{name}"))
                    golden.Compare(context, $"{prefix}.out.weight_change.{name}", change);
                if (golden.Has($"{prefix}.out.weight.{name}"))
                    golden.Compare(context, $"{prefix}.out.weight.{name}", weight);
            }
        }
    }

    private sealed record Pass(LinearStep Step, Tensor Eps, Tensor Original, Tensor Image, Tensor Reward, Tensor Loss);

    private sealed class Setup : IDisposable
    {
        private readonly TrainingGolden _golden;
        private readonly TrainingNetworks _networks;
        private readonly IReadOnlyList<float> _alphas;
        private readonly Tensor _prompt;
        private readonly Tensor _preStates;
        private readonly ImageCrop _crop;

        public Setup(TrainingGolden golden)
        {
            _golden = golden;
            _networks = TrainingNetworks.Open(golden.Part);
            _alphas = _networks.AlphasCumprod();
            int[] ids = Ints(golden.Json.GetProperty("ids")), empty = Ints(golden.Json.GetProperty("empty_ids"));
            _prompt = _networks.Encode(ids);
            _preStates = _networks.Encode(ids, empty);
            _crop = TrainingNetworks.Crop(golden.Json.GetProperty("crop"));
            Weights = new TrainedWeights(_networks.UNet);
        }

        public TrainedWeights Weights { get; }

        public Pass Forward(Tensor latents, int time, string kind)
        {
            var step = LinearSampler.Ddpm(_alphas, [time]).Steps[0];
            var eps = Keep(new NoisePredictor(_networks.UNet, _prompt).Predict(latents, time));
            var original = Keep(Rollout.Original(latents, eps, step));
            var image = Keep(_networks.Vae.Decode(original.div(Scalars.Of(_networks.ScalingFactor))));
            var unit = DifferentiableImageProcessor.ToUnitRange(image);
            var reward = kind == "dot" ? unit.mul(_golden.Read("in.reward_image")).mean().mul(Scalars.Of(4)).view(1) : Clip(unit);
            var json = _golden.Json.GetProperty("loss");
            return new Pass(step, eps, original, image, reward, RewardHinge.Margin(reward, json.GetProperty("margin").GetDouble(), json.GetProperty("scale")
                .GetDouble()));
        }

        public Tensor Pretraining(string latents, string noise, int[] times) =>
            PretrainingLoss.Compute(_networks.UNet, _alphas, _golden.Read(latents), _golden.Read(noise), times, _preStates);

        private Tensor Clip(Tensor unit) => _networks.ClipReward(unit, _crop, _golden.Json.GetProperty("size").GetInt32(),
            Ints(_golden.Json.GetProperty("ids")));

        private static Tensor Keep(Tensor tensor)
        {
            tensor.retain_grad();
            return tensor;
        }

        public void Dispose() => _networks.Dispose();
    }
}

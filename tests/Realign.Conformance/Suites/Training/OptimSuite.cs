using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Diffusion.Adapters;
using Realign.Torch;
using Realign.Training.Feedback;
using Realign.Training.Optimization;
using static Realign.Conformance.Suites.Training.TrainingGolden;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.Training;

internal sealed class OptimSuite : IConformanceSuite
{
    public string Folder => "training/optim";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        foreach (var entry in Parse(Path.Combine(folder, "adamw.json")).GetProperty("cases").EnumerateArray())
            yield return Case(folder, "adamw", $"adamw/{entry.GetProperty("id").GetString()}", (golden, context) => Adam(golden, context, entry));
        yield return Case(folder, "loss_scale", "loss_scale", Scaling);
        foreach (var (index, entry) in Parse(Path.Combine(folder, "clip.json")).GetProperty("cases").EnumerateArray().Index())
            yield return Case(folder, "clip", $"clip/{index}", (golden, context) => Clip(golden, context, index, entry));
        foreach (var entry in Parse(Path.Combine(folder, "ema.json")).GetProperty("cases").EnumerateArray())
            yield return Case(folder, "ema", $"ema/{entry.GetProperty("id").GetString()}", (golden, context) => Average(golden, context, entry));
        foreach (var (index, entry) in Parse(Path.Combine(folder, "lr_schedules.json")).GetProperty("cases").EnumerateArray().Index())
            yield return new ConformanceCase($"lr_schedules/{index}-{entry.GetProperty("name").GetString()}", context => Schedule(context, entry));
        yield return Case(folder, "accumulation", "accumulation/full", (golden, context) => Accumulate(golden, context, micro: false));
        yield return Case(folder, "accumulation", "accumulation/micro", (golden, context) => Accumulate(golden, context, micro: true));
        var lora = Parse(Path.Combine(folder, "lora.json"));
        foreach (var file in lora.GetProperty("files").EnumerateObject())
        {
            yield return Case(folder, "lora", $"lora/{Path.GetDirectoryName(file.Name)}", (golden, context) =>
                Lora(golden, context, Path.Combine(folder, file.Name), file.Value.GetProperty("golden").GetString()!, file.Value.GetProperty("scale")
                    .GetDouble(), 1));
        }

        // the half strength has no file of its own: it is the file without alpha at strength 0.5
        var plain = lora.GetProperty("files").EnumerateObject().First(file => file.Value.GetProperty("golden").GetString() == "scale1");
        yield return Case(folder, "lora", "lora/half_strength", (golden, context) => Lora(golden, context, Path.Combine(folder, plain.Name), "scale_half", 0.5,
            0.5));
    }

    private static AdamWOptions Options(JsonElement json) => new()
    {
        Beta1 = json.GetProperty("betas")[0].GetDouble(),
        Beta2 = json.GetProperty("betas")[1].GetDouble(),
        Epsilon = json.GetProperty("eps").GetDouble(),
        WeightDecay = json.GetProperty("weight_decay").GetDouble(),
    };

    private static void Adam(TrainingGolden golden, CaseContext context, JsonElement entry)
    {
        var id = entry.GetProperty("id").GetString();
        var count = golden.Json.GetProperty("params").GetInt32();
        var initial = Enumerable.Range(0, count).Select(i => golden.Read($"in.param.{i}")).ToList();
        var parameters = initial.Select(parameter => parameter.clone()).ToList();
        using var optimizer = new AdamW(parameters, Options(entry));
        foreach (var (step, rate) in Doubles(entry.GetProperty("lr")).Index())
        {
            optimizer.Step([.. Enumerable.Range(0, count).Select(i => golden.Read($"in.grad.{step}.{i}"))], rate);
            for (var i = 0; i < count; i++)
                golden.Compare(context, $"{id}.out.param.{step}.{i}", parameters[i]);
        }

        for (var i = 0; i < count; i++)
        {
            golden.Compare(context, $"{id}.out.exp_avg.{i}", optimizer.Moments(i).First);
            golden.Compare(context, $"{id}.out.exp_avg_sq.{i}", optimizer.Moments(i).Second);
            golden.Compare(context, $"{id}.out.total_change.{i}", parameters[i].sub(initial[i]));
        }
    }

    private static void Scaling(TrainingGolden golden, CaseContext context)
    {
        var json = golden.Json;
        var scaler = new LossScaler(new LossScalerOptions
        {
            InitialScale = json.GetProperty("init_scale").GetDouble(),
            GrowthFactor = json.GetProperty("growth_factor").GetDouble(),
            BackoffFactor = json.GetProperty("backoff_factor").GetDouble(),
            GrowthInterval = json.GetProperty("growth_interval").GetInt32(),
        });
        var parameter = golden.Read("in.param");
        using var optimizer = new AdamW([parameter], Options(json.GetProperty("adamw")));
        foreach (var (index, step) in json.GetProperty("steps").EnumerateArray().Index())
        {
            context.Equal($"scale_used {index}", step.GetProperty("scale_used").GetDouble(), scaler.Scale);
            var gradients = scaler.Unscale([golden.Read($"in.grad_fp16.{index}")]);
            if (gradients is not null)
            {
                _ = GradientClip.Apply(gradients, json.GetProperty("clip_norm").GetDouble());
                optimizer.Step(gradients, json.GetProperty("adamw").GetProperty("lr").GetDouble());
            }

            scaler.Update(gradients is null);
            context.Equal($"skipped {index}", step.GetProperty("skipped").GetBoolean(), gradients is null);
            context.Equal($"scale_after {index}", step.GetProperty("scale_after").GetDouble(), scaler.Scale);
            context.Equal($"growth_tracker {index}", step.GetProperty("growth_tracker").GetInt32(), scaler.GrowthTracker);
            context.Equal($"optimiser_steps {index}", step.GetProperty("optimiser_steps").GetInt32(), optimizer.Steps);
            golden.Compare(context, $"out.param.{index}", parameter);
        }
    }

    private static void Clip(TrainingGolden golden, CaseContext context, int index, JsonElement entry)
    {
        var inputs = golden.Keys.Where(key => key.StartsWith($"{index}.in.", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        var gradients = inputs.Select(golden.Read).ToList();
        var maximum = entry.GetProperty("max_norm").GetDouble();
        var total = GradientClip.Apply(gradients, maximum);
        TrainingGolden.Compare(context, "total_norm", entry.GetProperty("total_norm"), total);
        TrainingGolden.Compare(context, "coefficient", entry.GetProperty("coefficient"), GradientClip.Coefficient(total, maximum));
        foreach (var (key, gradient) in inputs.Zip(gradients))
            golden.Compare(context, key.Replace(".in.", ".out.", StringComparison.Ordinal), gradient);
    }

    private static void Average(TrainingGolden golden, CaseContext context, JsonElement entry)
    {
        var options = entry.GetProperty("options");
        using var average = new ExponentialMovingAverage([golden.Read("in.param.0")], new ExponentialMovingAverageOptions
        {
            Decay = options.GetProperty("decay").GetDouble(),
            MinDecay = options.GetProperty("min_decay").GetDouble(),
            UpdateAfterStep = options.GetProperty("update_after_step").GetInt32(),
            UseWarmup = options.GetProperty("use_ema_warmup").GetBoolean(),
            InverseGamma = options.GetProperty("inv_gamma").GetDouble(),
            Power = options.GetProperty("power").GetDouble(),
        });
        var saved = Ints(entry.GetProperty("saved_after"));
        var decays = new List<double>();
        for (var update = 1; update <= golden.Json.GetProperty("updates").GetInt32(); update++)
        {
            decays.Add(average.Update([golden.Read($"in.param.{update}")]));
            if (saved.Contains(update))
                golden.Compare(context, $"{entry.GetProperty("id").GetString()}.out.{update}", average.Averages[0]);
        }

        TrainingGolden.Compare(context, "decays", entry.GetProperty("decays"), decays);
    }

    private static void Schedule(CaseContext context, JsonElement entry)
    {
        var schedule = new LearningRateSchedule
        {
            Name = entry.GetProperty("name").GetString()!,
            LearningRate = entry.GetProperty("lr").GetDouble(),
            WarmupSteps = entry.GetProperty("warmup_steps").GetInt32(),
            TrainingSteps = entry.GetProperty("training_steps").GetInt32(),
            Cycles = entry.TryGetProperty("num_cycles", out var cycles) ? cycles.GetInt32() : 1,
            Power = entry.TryGetProperty("power", out var power) ? power.GetDouble() : 1,
        };
        var expected = entry.GetProperty("lr_at_step");
        TrainingGolden.Compare(context, "lr_at_step", expected, [.. Enumerable.Range(0, expected.GetArrayLength()).Select(schedule.At)]);
    }

    private static void Accumulate(TrainingGolden golden, CaseContext context, bool micro)
    {
        using var networks = TrainingNetworks.Open(golden.Part);
        var json = golden.Json;
        var unet = new TrainedWeights(networks.UNet);
        int[] prompt = Ints(json.GetProperty("ids")), empty = Ints(json.GetProperty("empty_ids"));
        var times = Ints(json.GetProperty("t"));
        // the pack names the row of the empty prompt only in words: "rows 0, 2, 3 = prompt, row 1 = empty prompt"
        var states = networks.Encode([.. times.Select((_, row) => row == 1 ? empty : prompt)]);
        var batches = micro ? [.. json.GetProperty("micro_batches").EnumerateArray().Select(Ints)] : new[] { Enumerable.Range(0, times.Length).ToArray() };
        var total = 0.0;
        foreach (var (index, rows) in batches.Index())
        {
            using var scope = NewDisposeScope();
            var chosen = tensor(rows.Select(row => (long)row).ToArray());
            var loss = PretrainingLoss.Compute(networks.UNet, networks.AlphasCumprod(), golden.Read("in.latents").index_select(0, chosen),
                golden.Read("in.noise").index_select(0, chosen), [.. rows.Select(row => times[row])], states.index_select(0, chosen));
            autograd.backward([loss.mul(Scalars.Of((double)rows.Length / times.Length))], inputs: unet.Tensors);
            total += loss.item<float>() * (double)rows.Length / times.Length;
            if (micro)
                context.Near($"micro.out.losses {index}", golden.Numbers("micro.out.losses")[index], loss.item<float>(), golden.Tolerance("micro.out.losses"));
        }

        golden.Compare(context, "full.out.loss", [total]);
        unet.Compare(golden, context, "full.out.");
    }

    private static void Lora(TrainingGolden golden, CaseContext context, string file, string id, double scale, double strength)
    {
        using var networks = TrainingNetworks.Open(golden.Part);
        var json = golden.Json;
        var unet = networks.UNet;
        var states = networks.Encode(Ints(json.GetProperty("empty_ids")), Ints(json.GetProperty("ids")));
        var time = tensor((long)json.GetProperty("t").GetInt32()).view(1);
        using (no_grad())
            golden.Compare(context, "out.eps_base", unet.forward(golden.Read("in.latents"), time, states));

        using var lora = AdapterWeights.Load(file, new Dictionary<string, nn.Module> { ["unet"] = unet }, TorchPlacement.Cpu);
        var named = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var (module, adapter) in lora.Pairs)
        {
            var path = module["unet.".Length..];
            named[path + ".lora.down.weight"] = adapter.Down.requires_grad_();
            named[path + ".lora.up.weight"] = adapter.Up.requires_grad_();
            TrainingGolden.Compare(context, $"{path} scale", JsonSerializer.SerializeToElement(scale), adapter.Scale * strength);
            var merged = $"{id}.out.merged.{path}.weight";
            if (golden.Has(merged))
                golden.Compare(context, merged, adapter.MergeInto(unet.get_parameter(path + ".weight")!));
        }

        using var attached = lora.Attach(strength);
        var eps = unet.forward(golden.Read("in.latents"), time, states);
        golden.Compare(context, $"{id}.out.eps", eps);
        var names = Texts(json.GetProperty("gradient_names"));
        autograd.backward([eps.mul(golden.Read("in.cotangent")).sum()], inputs: [.. names.Select(name => named[name])]);
        golden.Compare(context, $"{id}.out.grad_norms", [.. names.Select(name => GradientClip.TotalNorm([named[name].grad]))]);
        foreach (var name in names.Where(name => golden.Has($"{id}.out.grad.{name}")))
            golden.Compare(context, $"{id}.out.grad.{name}", named[name].grad!);
        context.Equal("adapted layers", json.GetProperty("modules").GetArrayLength(), lora.Pairs.Count);
    }
}

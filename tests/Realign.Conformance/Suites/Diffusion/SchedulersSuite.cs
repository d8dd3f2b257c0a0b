using System.Text;
using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Core.Configs;
using Realign.Core.Errors;
using Realign.Diffusion.Schedulers;
using Realign.Safetensors;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.Diffusion;

/// <summary>Every sampler: timesteps, noise levels, all steps of a run on stored predictions, and the forward process.</summary>
internal sealed class SchedulersSuite : IConformanceSuite
{
    public string Folder => "diffusion/schedulers";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        var root = JsonDocument.Parse(PythonJson.Standardise(File.ReadAllBytes(Path.Combine(folder, "cases.json")))).RootElement;
        var limits = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "..", "tolerances.json"))).RootElement;
        foreach (var entry in root.GetProperty("cases").EnumerateArray())
        {
            yield return new ConformanceCase(entry.GetProperty("id").GetString()!, context =>
            {
                if (entry.TryGetProperty("reference_raises", out _))
                    ExpectRefusal(entry, context);
                else
                    new Comparison(folder, root, limits, entry, context).Run();
            });
        }
    }

    private static Scheduler Build(JsonElement entry) => SchedulerConfig
        .Parse(Encoding.UTF8.GetBytes(entry.GetProperty("config").GetRawText()))
        .Create(SchedulerKinds.Find(entry.GetProperty("class").GetString()!), Options(entry.GetProperty("step_kwargs")));

    private static SchedulerOptions Options(JsonElement arguments)
    {
        var options = new SchedulerOptions();
        foreach (var argument in arguments.EnumerateObject())
        {
            options = argument.Name switch
            {
                "eta" => options with { Eta = argument.Value.GetDouble() },
                "use_clipped_model_output" => options with { UseClippedModelOutput = argument.Value.GetBoolean() },
                "s_churn" => options with { SChurn = argument.Value.GetDouble() },
                "s_tmin" => options with { STmin = argument.Value.GetDouble() },
                "s_tmax" => options with { STmax = argument.Value.GetDouble() },
                "s_noise" => options with { SNoise = argument.Value.GetDouble() },
                _ => throw new InvalidDataException($"step argument '{argument.Name}' is unknown"),
            };
        }

        return options;
    }

    private static void ExpectRefusal(JsonElement entry, CaseContext context)
    {
        try
        {
            using var scheduler = Build(entry);
            scheduler.SetTimesteps(entry.GetProperty("num_inference_steps").GetInt32());
            context.Fail("the reference refuses this, and we did not");
        }
        catch (RealignException exception)
        {
            context.True("the refusal says what to do", exception.WayOut.Length > 0);
        }
    }

    private sealed class Comparison(string folder, JsonElement root, JsonElement limits, JsonElement entry, CaseContext context)
    {
        private readonly string _id = entry.GetProperty("id").GetString()!;
        private readonly HashSet<string> _tensors = [.. entry.GetProperty("tensors").EnumerateArray().Select(name => name.GetString()!)];

        public void Run()
        {
            using var expected = SafetensorsFile.Open(Path.Combine(folder, entry.GetProperty("class").GetString() + ".safetensors"));
            using var shared = SafetensorsFile.Open(Path.Combine(folder, root.GetProperty("shared").GetString()!));
            using var scheduler = Build(entry);
            scheduler.SetTimesteps(entry.GetProperty("num_inference_steps").GetInt32());
            CompareSchedule(scheduler, expected);
            CompareRun(scheduler, expected, shared);
            CompareForward(scheduler, expected, shared);
        }

        private double Limit(string name) => limits.GetProperty(name).GetDouble();

        private double StepLimit => Limit(entry.GetProperty("full_config").TryGetProperty("rescale_betas_zero_snr", out var zero) && zero.GetBoolean()
            ? "scheduler_rel_zero_snr"
            : "scheduler_rel");

        private void CompareSchedule(Scheduler scheduler, SafetensorsFile expected)
        {
            using var alphas = SafetensorsFile.Open(Path.Combine(folder, root.GetProperty("alphas_cumprod_file").GetString()!));
            Relative("alphas_cumprod", alphas.ReadSingles(entry.GetProperty("alphas_cumprod").GetString()!), [.. scheduler.AlphasCumprod],
                Limit("alphas_cumprod_rel"));
            context.Near("timesteps", Values(expected, "timesteps"), [.. scheduler.Timesteps.Select(time => (float)time)], Limit("timesteps_abs"));
            if (_tensors.Contains("sigmas"))
                Relative("sigmas", Values(expected, "sigmas"), [.. scheduler.Sigmas.Select(sigma => (float)sigma)], Limit("sigmas_rel"));
            Relative("init_noise_sigma", Values(expected, "init_noise_sigma"), [(float)scheduler.InitNoiseSigma], Limit("sigmas_rel"));
            context.EqualSequence("noise_drawn_at_steps",
                entry.GetProperty("noise_drawn_at_steps").EnumerateArray().Select(step => step.GetInt32()),
                Enumerable.Range(0, scheduler.Timesteps.Count).Where(scheduler.NeedsNoise));
        }

        private void CompareRun(Scheduler scheduler, SafetensorsFile expected, SafetensorsFile shared)
        {
            var outputs = TensorConvert.Read(shared, "model_outputs");
            var noise = TensorConvert.Read(shared, "noise");
            var sample = TensorConvert.Read(shared, "sample").mul(Scalars.Of(scheduler.InitNoiseSigma));
            for (var i = 0; i < scheduler.Timesteps.Count; i++)
            {
                Step("scaled_model_inputs", i, scheduler.ScaleModelInput(sample, i), expected);
                var step = scheduler.Step(outputs[i], i, sample, noise[i]);
                Step("prev_samples", i, step.PrevSample, expected);
                Step("pred_original_samples", i, step.PredOriginalSample, expected);
                sample = step.PrevSample;
            }
        }

        private void CompareForward(Scheduler scheduler, SafetensorsFile expected, SafetensorsFile shared)
        {
            if (!_tensors.Contains("add_noise.timesteps"))
                return;
            var original = TensorConvert.Read(shared, "sample").narrow(0, 0, 1);
            var noise = TensorConvert.Read(shared, "noise")[0].narrow(0, 0, 1);
            var times = Values(expected, "add_noise.timesteps");
            for (var i = 0; i < times.Length; i++)
            {
                var index = Enumerable.Range(0, scheduler.Timesteps.Count).MinBy(step => Math.Abs(scheduler.Timesteps[step] - times[i]));
                context.Near("add_noise.timesteps", times[i], scheduler.Timesteps[index], Limit("timesteps_abs"));
                Step("add_noise.output", i, scheduler.AddNoise(original, noise, index), expected);
                Step("get_velocity.output", i, scheduler.Velocity(original, noise, index), expected);
            }
        }

        private float[] Values(SafetensorsFile file, string name) => TensorConvert.Read(file, $"{_id}.{name}").ToSingles();

        private void Step(string name, int index, Tensor actual, SafetensorsFile expected)
        {
            if (!_tensors.Contains(name))
                return;
            var wanted = TensorConvert.Read(expected, $"{_id}.{name}")[index];
            Relative($"{name}[{index}]", wanted.ToSingles(), actual.ToSingles(), StepLimit);
        }

        // the pack's rel: max|a-b| / (1 + max|b|) over the tensor of one step
        private void Relative(string what, float[] wanted, float[] actual, double limit)
        {
            if (wanted.Length != actual.Length)
            {
                context.Fail($"{what}: {actual.Length} values, expected {wanted.Length}");
                return;
            }

            context.Near(what, CaseContext.Largest(wanted, actual) / (1 + wanted.Max(value => Math.Abs((double)value))), limit);
        }
    }
}

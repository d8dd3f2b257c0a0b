using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Torch;
using Realign.Training.Ddpo;
using Realign.Training.Sampling;
using static Realign.Conformance.Suites.Training.TrainingGolden;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.Training;

internal sealed class DdpoSuite : IConformanceSuite
{
    public string Folder => "training/ddpo";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        foreach (var entry in Parse(Path.Combine(folder, "ddpo.json")).GetProperty("steps").EnumerateArray())
            yield return Case(folder, "ddpo", $"step/{entry.GetProperty("index").GetInt32()}", (golden, context) => Step(golden, context, entry));
        yield return Case(folder, "ddpo", "advantages", Advantages);
    }

    private static void Step(TrainingGolden golden, CaseContext context, JsonElement entry)
    {
        using var networks = TrainingNetworks.Open(golden.Part);
        var json = golden.Json;
        var times = Ints(json.GetProperty("timesteps"));
        context.EqualSequence("timesteps", times.Select(time => (double)time), networks.Timesteps(json.GetProperty("T").GetInt32()));
        var index = entry.GetProperty("index").GetInt32();
        var step = LinearSampler.Ddim(networks.AlphasCumprod(), times, json.GetProperty("eta").GetDouble()).Steps[index];
        TrainingGolden.Compare(context, "std", entry.GetProperty("std"), step.Noise);

        var latents = golden.Read($"step.{index}.in.latents");
        var eps = golden.Read($"step.{index}.in.eps").requires_grad_();
        var old = eps.detach().to(ScalarType.Float64).add(golden.Read($"step.{index}.in.eps_old_offset").to(ScalarType.Float64));
        var next = DdpoStep.Mean(step, latents, old).add(golden.Read($"step.{index}.in.noise").to(ScalarType.Float64).mul(Scalars.Of(step.Noise)));
        var oldLog = DdpoStep.LogProbability(step, latents, old, next);
        var newLog = DdpoStep.LogProbability(step, latents, eps, next);
        var ratio = newLog.sub(oldLog).exp();
        var clip = entry.GetProperty("clip_range").GetDouble();
        var loss = DdpoStep.Loss(ratio, golden.Read($"step.{index}.in.advantages"), clip, entry.GetProperty("advantage_clip").GetDouble());
        loss.backward();
        golden.Compare(context, $"step.{index}.out.next_latents", next);
        golden.Compare(context, $"step.{index}.out.log_prob_old", oldLog);
        golden.Compare(context, $"step.{index}.out.log_prob", newLog);
        golden.Compare(context, $"step.{index}.out.ratio", ratio);
        golden.Compare(context, $"step.{index}.out.loss", Numbers(loss));
        golden.Compare(context, $"step.{index}.out.grad_eps", eps.grad!);
        context.EqualSequence("clipped", entry.GetProperty("clipped").EnumerateArray().Select(flag => flag.GetBoolean()), Numbers(ratio).Select(value =>
            Math.Abs(value - 1) > clip));
    }

    private static void Advantages(TrainingGolden golden, CaseContext context)
    {
        var json = golden.Json.GetProperty("advantages");
        var limit = golden.Json.GetProperty("steps")[0].GetProperty("advantage_clip").GetDouble();
        var buffers = new PromptAdvantages(json.GetProperty("buffer_size").GetInt32(), json.GetProperty("min_count").GetInt32());
        foreach (var (index, epoch) in json.GetProperty("epochs").EnumerateArray().Index())
        {
            var advantages = buffers.Update(Texts(epoch.GetProperty("prompts")), Doubles(epoch.GetProperty("rewards")));
            var expected = epoch.GetProperty("expected");
            TrainingGolden.Compare(context, $"advantages {index}", expected.GetProperty("advantages"), advantages);
            TrainingGolden.Compare(context, $"clipped {index}", expected.GetProperty("clipped"),
                [.. advantages.Select(value => Math.Clamp(value, -limit, limit))]);
            foreach (var prompt in expected.GetProperty("stats").EnumerateObject())
                context.Equal($"count of {prompt.Name} {index}", prompt.Value.GetProperty("count").GetInt32(), buffers.Count(prompt.Name));
        }
    }
}

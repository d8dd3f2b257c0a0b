using System.Runtime.InteropServices;
using System.Text.Json;
using Google.Protobuf;
using Realign.Conformance.Runner;
using Realign.Torch;
using Realign.Torch.Images;
using Realign.Training.Feedback;
using Realign.Training.Sampling;
using Realign.Wire.Tensors;
using static Realign.Conformance.Suites.Training.TrainingGolden;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.Training;

internal sealed class RemoteGradientSuite : IConformanceSuite
{
    public string Folder => "training/remote-gradient";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        foreach (var entry in Parse(Path.Combine(folder, "remote.json")).GetProperty("cases").EnumerateArray())
        {
            var id = entry.GetProperty("id").GetString()!;
            yield return Case(folder, "remote", $"{id}/direct", (golden, context) => Direct(golden, context, id, entry));
            foreach (var wire in new[] { "fp32", "fp16", "fp16_scaled" })
                yield return Case(folder, "remote", $"{id}/{wire}", (golden, context) => Shipped(golden, context, id, entry, wire));
        }
    }

    private static void Direct(TrainingGolden golden, CaseContext context, string id, JsonElement entry)
    {
        using var networks = TrainingNetworks.Open(golden.Part);
        var weights = new TrainedWeights(networks.UNet);
        var image = Image(golden, networks);
        image.retain_grad();
        var reward = Reward(golden, networks, image, entry);
        reward.sum().neg().backward();
        golden.Compare(context, "out.image_01", image);
        golden.Compare(context, $"{id}.out.reward", Numbers(reward));
        golden.Compare(context, $"{id}.out.cotangent", image.grad!.neg());
        weights.Compare(golden, context, $"{id}.direct.");
        var cotangent = golden.Read($"{id}.out.cotangent");
        var packed = TensorWriter.ScaledHalves(cotangent.ToSingles(), cotangent.shape);
        context.Equal("log2_scale", entry.GetProperty("log2_scale").GetInt32(), packed.ScaleLog2);
        var stored = MemoryMarshal.Cast<byte, Half>(packed.Data.Span).ToArray().Select(half => (float)half).ToArray();
        context.Near("packed", golden.Read($"{id}.in.cotangent_fp16_scaled").ToSingles(), stored, 0);
        TrainingGolden.Compare(context, "max_abs", entry.GetProperty("max_abs"), image.grad!.abs().max().item<float>(), network: true);
    }

    private static void Shipped(TrainingGolden golden, CaseContext context, string id, JsonElement entry, string wire)
    {
        using var networks = TrainingNetworks.Open(golden.Part);
        var weights = new TrainedWeights(networks.UNet);
        var exact = golden.Read($"{id}.out.cotangent");
        var gradient = wire switch
        {
            "fp32" => exact,
            "fp16" => golden.Read($"{id}.in.cotangent_fp16").to(ScalarType.Float32),
            _ => tensor(TensorReader.Singles("gradient", Message(golden.Read($"{id}.in.cotangent_fp16_scaled"), entry.GetProperty("log2_scale").GetInt32())),
                exact.shape),
        };
        ImageGradient.Loss(Image(golden, networks), gradient).backward();
        weights.Compare(golden, context, $"{id}.{wire}.");
        var flushed = gradient.eq(Scalars.Of(0)).logical_and(exact.ne(Scalars.Of(0))).to(ScalarType.Float64).mean().item<double>();
        TrainingGolden.Compare(context, "flushed_share", entry.GetProperty("errors").GetProperty(wire).GetProperty("flushed_share"), flushed, network: true);
    }

    private static V1.Tensor Message(Tensor halves, int scale) =>
        new() { DataType = V1.DataType.Float16, ScaleLog2 = scale, Shape = { halves.shape }, Data = ByteString.CopyFrom(halves.contiguous().bytes) };

    private static Tensor Image(TrainingGolden golden, TrainingNetworks networks)
    {
        var time = golden.Json.GetProperty("t").GetInt32();
        var step = LinearSampler.Ddpm(networks.AlphasCumprod(), [time]).Steps[0];
        var latents = golden.Read("in.latents");
        var eps = new NoisePredictor(networks.UNet, networks.Encode(Ints(golden.Json.GetProperty("ids")))).Predict(latents, time);
        return DifferentiableImageProcessor.ToUnitRange(networks.Vae.Decode(Rollout.Original(latents, eps, step).div(Scalars.Of(networks.ScalingFactor))));
    }

    private static Tensor Reward(TrainingGolden golden, TrainingNetworks networks, Tensor image, JsonElement entry) => networks
        .ClipReward(image, TrainingNetworks.Crop(golden.Json.GetProperty("crop")), golden.Json.GetProperty("size").GetInt32(),
            Ints(golden.Json.GetProperty("ids")))
        .mul(Scalars.Of(entry.GetProperty("reward_scale").GetDouble()));
}

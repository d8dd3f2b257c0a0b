using System.Text.Json;
using Realign.Clip.Text;
using Realign.Conformance.Runner;
using Realign.Diffusion.UNet;
using Realign.Diffusion.Vae;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.Diffusion;

/// <summary>Cases of single models: text towers, UNet with its blocks and attention probabilities, VAE.</summary>
internal sealed class ModelCases(DiffusionPack pack, string unetTolerance)
{
    public IEnumerable<ConformanceCase> All()
    {
        foreach (var file in Directory.EnumerateFiles(pack.File("cases"), "text_encoder*.json").Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileNameWithoutExtension(file);
            yield return new ConformanceCase(name, context => TextEncoder(context, name));
        }

        foreach (var unet in pack.Json("cases/unet.json").GetProperty("cases").EnumerateArray())
            yield return new ConformanceCase($"unet/{unet.GetProperty("name").GetString()}", context => UNet(context, unet));
        if (File.Exists(pack.File("cases/unet_halffiles.safetensors")))
        {
            yield return new ConformanceCase("unet/file_fp16", context => HalfFile(context, $"{pack.Snapshot}/unet", "fp16", "fp16.output"));
            yield return new ConformanceCase("unet/file_bf16", context => HalfFile(context, $"{pack.Snapshot}/unet", "bf16", "bf16.output"));
            if (Directory.Exists(pack.File("unet_sharded")))
                yield return new ConformanceCase("unet/file_sharded", context => HalfFile(context, "unet_sharded", null, "fp16.output"));
        }

        if (!File.Exists(pack.File("cases/vae.json")))
            yield break;
        foreach (var vae in pack.Json("cases/vae.json").GetProperty("cases").EnumerateArray())
        {
            var name = vae.GetProperty("name").GetString();
            yield return new ConformanceCase($"vae/{name}", context => Vae(context, vae, $"{pack.Snapshot}/vae"));
            if (Directory.Exists(pack.File("vae_new_names")))
                yield return new ConformanceCase($"vae/new_names_{name}", context => Vae(context, vae, "vae_new_names"));
        }
    }

    private void TextEncoder(CaseContext context, string name)
    {
        var folder = pack.File($"{pack.Snapshot}/{name}");
        var architecture = DiffusionPack.ReadJson(Path.Combine(folder, "config.json")).GetProperty("architectures")[0].GetString();
        var model = architecture == nameof(CLIPTextModelWithProjection)
            ? CLIPTextModelWithProjection.Load(folder, TorchPlacement.Cpu)
            : CLIPTextModel.Load(folder, TorchPlacement.Cpu);
        using var expected = pack.Tensors($"cases/{name}.safetensors");
        using var grad = no_grad();
        var output = model.forward(TensorConvert.Read(expected, "input_ids"));
        var layers = output.HiddenStates.Count - 1;
        context.Equal("num_hidden_states", pack.Json($"cases/{name}.json").GetProperty("num_hidden_states").GetInt32(), layers + 1);
        foreach (var key in expected.Entries.Keys.Where(key => key != "input_ids"))
        {
            var at = key.LastIndexOf('.') is var dot and >= 0 ? int.Parse(key.AsSpan(dot + 1), System.Globalization.CultureInfo.InvariantCulture) : 0;
            var actual = key switch
            {
                "last_hidden_state" => output.LastHiddenState,
                "pooler_output" => output.PooledOutput,
                "text_embeds" => ((CLIPTextModelWithProjection)model).Project(output.PooledOutput),
                _ when key.StartsWith("hidden_states.", StringComparison.Ordinal) => output.HiddenStates[at],
                _ when key.StartsWith("clip_skip.", StringComparison.Ordinal) => model.FinalNorm(output.HiddenStates[layers - at]),
                _ => throw new InvalidDataException($"unknown tensor {key}"),
            };
            DiffusionPack.Near(context, expected, key, actual, pack.Tolerance("text_encoder_abs"));
        }
    }

    private void UNet(CaseContext context, JsonElement unetCase)
    {
        var name = unetCase.GetProperty("name").GetString()!;
        var model = UNet2DConditionModel.Load(pack.File($"{pack.Snapshot}/unet"), TorchPlacement.Cpu);
        using var file = pack.Tensors("cases/unet.safetensors");
        var blocks = unetCase.GetProperty("blocks").EnumerateArray().Select(block => block.GetString()!).ToHashSet(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var added = file.Entries.ContainsKey($"{name}.added.text_embeds")
            ? new AddedConditions(TensorConvert.Read(file, $"{name}.added.text_embeds"), TensorConvert.Read(file, $"{name}.added.time_ids"))
            : null;
        Tensor Run(ProbabilityRecorder? recorder, Action<string, Tensor>? observer) => model.forward(
            TensorConvert.Read(file, $"{name}.sample"), TensorConvert.Read(file, $"{name}.timestep"),
            TensorConvert.Read(file, $"{name}.encoder_hidden_states"), observer, added, recorder);

        using var grad = no_grad();
        var output = Run(null, (block, tensor) =>
        {
            if (blocks.Contains(block) && seen.Add(block))
                DiffusionPack.Near(context, file, $"{name}.block.{block}", tensor, pack.Tolerance("unet_block_abs"));
        });
        DiffusionPack.Near(context, file, $"{name}.output", output, pack.Tolerance(unetTolerance));
        foreach (var missing in blocks.Except(seen))
            context.Fail($"block {missing} was not observed");
        if (!unetCase.TryGetProperty("attn_probs", out var wanted))
            return;
        var recorder = new ProbabilityRecorder([.. wanted.EnumerateObject().Select(site => site.Name)]);
        DiffusionPack.Near(context, file, $"{name}.output", Run(recorder, null), pack.Tolerance(unetTolerance));
        foreach (var site in wanted.EnumerateObject())
        {
            context.EqualSequence($"{site.Name} sizes", site.Value.EnumerateArray().Select(size => size.GetInt64()), recorder.Probabilities[site.Name].shape);
            DiffusionPack.Near(context, file, $"{name}.attn_probs.{site.Name}", recorder.Probabilities[site.Name], pack.Tolerance("attention_probs_abs"));
        }
    }

    private void HalfFile(CaseContext context, string folder, string? variant, string key)
    {
        var model = UNet2DConditionModel.Load(pack.File(folder), TorchPlacement.Cpu, variant);
        using var inputs = pack.Tensors("cases/unet.safetensors");
        using var expected = pack.Tensors("cases/unet_halffiles.safetensors");
        using var grad = no_grad();
        var first = pack.Json("cases/unet.json").GetProperty("cases")[0].GetProperty("name").GetString();
        var output = model.forward(TensorConvert.Read(inputs, $"{first}.sample"), TensorConvert.Read(inputs, $"{first}.timestep"),
            TensorConvert.Read(inputs, $"{first}.encoder_hidden_states"));
        DiffusionPack.Near(context, expected, key, output, pack.Tolerance("half_files_abs"));
    }

    private void Vae(CaseContext context, JsonElement vaeCase, string folder)
    {
        var name = vaeCase.GetProperty("name").GetString()!;
        var model = AutoencoderKL.Load(pack.File(folder), TorchPlacement.Cpu);
        context.Near("scaling_factor", pack.Json("cases/vae.json").GetProperty("scaling_factor").GetDouble(), model.Config.ScalingFactor, 0);
        using var file = pack.Tensors("cases/vae.safetensors");
        var blocks = vaeCase.GetProperty("blocks").EnumerateArray().Select(block => block.GetString()!).ToHashSet(StringComparer.Ordinal);
        var missing = blocks.ToHashSet(StringComparer.Ordinal);
        void Observe(string block, Tensor tensor)
        {
            if (blocks.Contains(block) && missing.Remove(block))
                DiffusionPack.Near(context, file, $"{name}.block.{block}", tensor, pack.Tolerance("vae_abs"));
            if (blocks.Contains($"{block}.channel_mean") && missing.Remove($"{block}.channel_mean"))
                DiffusionPack.Near(context, file, $"{name}.block.{block}.channel_mean", tensor.mean([1]), pack.Tolerance("vae_abs"));
        }

        using var grad = no_grad();
        var latents = model.Encode(TensorConvert.Read(file, $"{name}.image"), Observe);
        var sample = latents.Sample(TensorConvert.Read(file, $"{name}.noise"));
        var scaled = TensorConvert.Read(file, $"{name}.latent_in_scaled").div(Scalars.Of(model.Config.ScalingFactor));
        var tolerance = pack.Tolerance("vae_abs");
        Compare("mean", latents.Mean);
        Compare("logvar", latents.LogVariance);
        Compare("moments", cat([latents.Mean, latents.LogVariance], 1));
        Compare("std", latents.StandardDeviation());
        Compare("latent_sample", sample);
        Compare("latent_sample_scaled", sample.mul(Scalars.Of(model.Config.ScalingFactor)));
        Compare("decoded", model.Decode(scaled, Observe));
        Compare("decoded", model.DecodeSequentially(scaled));
        foreach (var block in missing)
            context.Fail($"block {block} was not observed");

        void Compare(string key, Tensor actual) => DiffusionPack.Near(context, file, $"{name}.{key}", actual, tolerance);
    }
}

using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Core.Images;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.Snapshots;
using Realign.Imaging;
using Realign.Safetensors;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.Diffusion;

/// <summary>Whole runs: latents of every step, the decoded image, and its PNG; for XL also the encoded prompts.</summary>
internal sealed class PipelineCases(DiffusionPack pack)
{
    public IEnumerable<ConformanceCase> All()
    {
        if (File.Exists(pack.File("cases/encode_prompt.json")))
        {
            foreach (var prompt in pack.Json("cases/encode_prompt.json").GetProperty("cases").EnumerateArray())
                yield return new ConformanceCase($"encode_prompt/{prompt.GetProperty("name").GetString()}", context => EncodePrompt(context, prompt));
        }

        var index = pack.Json("pipelines.json");
        foreach (var run in index.GetProperty("cases").EnumerateArray())
            yield return new ConformanceCase($"pipelines/{run.GetProperty("name").GetString()}", context => Run(context, index, run));
    }

    private void EncodePrompt(CaseContext context, JsonElement prompt)
    {
        using var pipeline = StableDiffusionSnapshot.Load(pack.File(pack.Snapshot), TorchPlacement.Cpu);
        using var expected = pack.Tensors("cases/encode_prompt.safetensors");
        using var grad = no_grad();
        var conditions = pipeline.Prompts.Encode(PromptOf(prompt), guided: true);
        var name = prompt.GetProperty("name").GetString();
        var tolerance = pack.Tolerance("text_encoder_abs");
        DiffusionPack.Near(context, expected, $"{name}.prompt_embeds", conditions.Positive, tolerance);
        DiffusionPack.Near(context, expected, $"{name}.negative_prompt_embeds", conditions.Negative!, tolerance);
        DiffusionPack.Near(context, expected, $"{name}.pooled", conditions.PooledPositive!, tolerance);
        DiffusionPack.Near(context, expected, $"{name}.negative_pooled", conditions.PooledNegative!, tolerance);
    }

    private void Run(CaseContext context, JsonElement index, JsonElement run)
    {
        using var pipeline = StableDiffusionSnapshot.Load(pack.File(pack.Snapshot), TorchPlacement.Cpu);
        context.Near("scaling_factor", index.GetProperty("scaling_factor").GetDouble(), pipeline.Vae.Config.ScalingFactor, 0);
        using var expected = pack.Tensors(run.GetProperty("file").GetString()!);
        var config = SchedulerConfig.Parse(JsonSerializer.SerializeToUtf8Bytes(run.GetProperty("scheduler_config")));
        using var scheduler = config.Create(SchedulerKinds.Find(run.GetProperty("scheduler_class").GetString()!),
            new SchedulerOptions { Eta = Number(run, "eta", 0) });
        var noise = new GoldenNoise(expected);
        // a run that the reference hands to a refiner is compared up to there: the product runs to the end
        var compared = (int)expected.Entries["latents_per_step"].Shape[0];
        Tensor? handedOver = null;
        var steps = new List<float[]>();
        var timesteps = new List<float>();
        var result = pipeline.Generate(RequestOf(run, expected), new PipelineHooks
        {
            Scheduler = scheduler,
            Noise = noise,
            Progress = progress =>
            {
                if (steps.Count == compared)
                    return;
                if (steps.Count == compared - 1 && Has(run, "denoising_end"))
                    handedOver = progress.Latents.clone().DetachFromDisposeScope();
                steps.Add(progress.Latents.ToSingles());
                timesteps.Add((float)progress.Step.Timestep);
            },
        });
        context.Near("init_noise_sigma", run.GetProperty("init_noise_sigma").GetDouble(), scheduler.InitNoiseSigma,
            pack.Tolerance("sigmas_rel") * scheduler.InitNoiseSigma);
        context.Equal("noise_draws", run.GetProperty("noise_draws").GetInt32(), noise.Draws);
        context.Near("timesteps", expected.ReadSingles("timesteps"), timesteps.ToArray(), pack.Tolerance("timesteps_abs"));
        CompareSteps(context, expected, steps);
        var images = handedOver is null ? result.Images : pipeline.Decode(handedOver);
        handedOver?.Dispose();
        DiffusionPack.Near(context, expected, "decoded", images, pack.Tolerance("pipeline_decoded_abs"));
        if (expected.Entries.ContainsKey("image"))
            DiffusionPack.Near(context, expected, "image", images.div(Scalars.Of(2)).add(Scalars.Of(0.5)).clamp(Scalars.Of(0), Scalars.Of(1)),
                pack.Tolerance("pipeline_decoded_abs"));
        var png = run.GetProperty("png");
        context.Equal("images", png.GetArrayLength(), (int)images.shape[0]);
        for (var i = 0; i < png.GetArrayLength(); i++)
        {
            var image = VaeImageProcessor.Postprocess(images[i].ToSingles(), run.GetProperty("height").GetInt32(), run.GetProperty("width").GetInt32());
            var wanted = ImageDecoder.Decode(File.ReadAllBytes(pack.File(png[i].GetString()!)));
            context.EqualSequence($"png {i} size", [wanted.Width, wanted.Height], [image.Width, image.Height]);
            var worst = wanted.Pixels.Zip(image.Pixels, (a, b) => Math.Abs(a - b)).Max();
            context.Near($"png {i}", worst, pack.Tolerance("png_levels"));
        }
    }

    private void CompareSteps(CaseContext context, SafetensorsFile expected, List<float[]> steps)
    {
        var all = expected.ReadSingles("latents_per_step");
        context.Equal("steps", expected.Entries["latents_per_step"].Shape[0], (long)steps.Count);
        for (var i = 0; i < steps.Count && (i + 1) * steps[i].Length <= all.Length; i++)
        {
            var wanted = all.AsSpan(i * steps[i].Length, steps[i].Length);
            var scale = CaseContext.Largest(wanted, new float[wanted.Length]);
            context.Near($"latents after step {i}", CaseContext.Largest(wanted, steps[i]) / (1 + scale), pack.Tolerance("pipeline_latents_rel"));
        }
    }

    private static GenerationRequest RequestOf(JsonElement run, SafetensorsFile file)
    {
        var isNegativeSized = Has(run, "negative_original_size") && Has(run, "negative_target_size");
        var prompt = PromptOf(run);
        return new GenerationRequest
        {
            Prompt = prompt,
            Seeds = [.. prompt.Prompts.Select(_ => 0UL)],
            Height = run.GetProperty("height").GetInt32(),
            Width = run.GetProperty("width").GetInt32(),
            NumInferenceSteps = run.GetProperty("num_inference_steps").GetInt32(),
            GuidanceScale = run.GetProperty("guidance_scale").GetDouble(),
            GuidanceRescale = Number(run, "guidance_rescale", 0),
            InitImage = file.Entries.ContainsKey("image_in") ? PictureOf(file, "image_in") : null,
            Strength = Number(run, "strength", 1),
            Sizes = Has(run, "crops_coords_top_left") ? SizesOf(run, "") : null,
            NegativeSizes = isNegativeSized ? SizesOf(run, "negative_") : null,
        };
    }

    private static Picture PictureOf(SafetensorsFile file, string key)
    {
        var shape = file.Entries[key].Shape;
        return new Picture(file.ReadSingles(key), (int)shape[^2], (int)shape[^1]);
    }

    private static PromptRequest PromptOf(JsonElement run) => new()
    {
        Prompts = Texts(run, "prompt")!,
        Prompts2 = Texts(run, "prompt_2"),
        NegativePrompts = Texts(run, "negative_prompt"),
        NegativePrompts2 = Texts(run, "negative_prompt_2"),
        ClipSkip = Has(run, "clip_skip") ? run.GetProperty("clip_skip").GetInt32() : null,
    };

    private static ImageSizes SizesOf(JsonElement run, string prefix) => new()
    {
        Original = Pair(run, $"{prefix}original_size"),
        Crop = Pair(run, $"{prefix}crops_coords_top_left") ?? (0, 0),
        Target = Pair(run, $"{prefix}target_size"),
    };

    private static bool Has(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;

    private static double Number(JsonElement element, string name, double fallback) => Has(element, name) ? element.GetProperty(name).GetDouble() : fallback;

    private static (int, int)? Pair(JsonElement element, string name) =>
        Has(element, name) ? (element.GetProperty(name)[0].GetInt32(), element.GetProperty(name)[1].GetInt32()) : null;

    private static List<string>? Texts(JsonElement element, string name) => !Has(element, name)
        ? null
        : element.GetProperty(name) is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray().Select(text => text.GetString()!)]
            : [element.GetProperty(name).GetString()!];
}

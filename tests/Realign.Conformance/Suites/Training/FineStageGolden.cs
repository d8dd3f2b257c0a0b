using System.Text.Json;
using Realign.Clip.Text;
using Realign.Core.Images;
using Realign.Diffusion.Attention;
using Realign.Diffusion.FineStage;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.UNet;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.Training;

/// <summary>What the goldens of modulation and heat maps share: networks, segments, options, the guided sampling loop.</summary>
internal sealed class FineStageGolden(TrainingGolden golden) : IDisposable
{
    private readonly Lazy<UNet2DConditionModel> _unet = new(() => UNet2DConditionModel.Load(Path.Combine(golden.Part, "models", "unet"), TorchPlacement.Cpu));
    private readonly Lazy<CLIPTextModel> _text = new(() => CLIPTextModel.Load(Path.Combine(golden.Part, "models", "text_encoder"), TorchPlacement.Cpu));

    /// <summary>Length of the training schedule in all goldens.</summary>
    public const int TrainSteps = 1000;

    public UNet2DConditionModel UNet => _unet.Value;

    public static ModulationOptions Options(JsonElement options, MaskSampling sampling, double fraction) => new()
    {
        CrossWeight = options.GetProperty("w_c").GetDouble(),
        SelfWeight = options.GetProperty("w_s").GetDouble(),
        SchedulePower = options.GetProperty("p").GetDouble(),
        AreaFactor = options.GetProperty("kappa").GetDouble(),
        MaxGain = options.GetProperty("gmax").ValueKind == JsonValueKind.Null ? null : options.GetProperty("gmax").GetDouble(),
        Negative = options.GetProperty("negative").GetString() == "safe" ? NegativeSelector.Safe : NegativeSelector.Exact,
        UseScores = options.GetProperty("use_scores").GetBoolean(),
        Shared = options.GetProperty("shared_tokens").GetString() == "or" ? SharedTokens.Or : SharedTokens.Last,
        Sampling = sampling,
        StepFraction = fraction,
    };

    public static MaskSampling Sampling(JsonElement variant) =>
        variant.GetProperty("downsample").GetString() == "area" ? MaskSampling.Area : MaskSampling.Nearest;

    /// <summary>Masks (n, h, w) of the file.</summary>
    public static List<BinaryMask> Masks(Tensor masks) =>
        [.. Enumerable.Range(0, (int)masks.shape[0]).Select(i => SegmentMasks.Binarize((int)masks.shape[2], (int)masks.shape[1], masks[i].ToSingles()))];

    public static Tensor ToTensor(BinaryMask mask) => TensorConvert.FromArray(Array.ConvertAll(mask.Cells, cell => (float)cell), mask.Height, mask.Width);

    public static Tensor ToTensor(IEnumerable<BinaryMask> masks) => stack(masks.Select(ToTensor), 0);

    /// <summary>Text states of ids; a list of lists is a batch.</summary>
    public Tensor Encode(params int[][] ids) =>
        _text.Value.forward(tensor([.. ids.SelectMany(row => row).Select(id => (long)id)], [ids.Length, ids[0].Length])).LastHiddenState;

    public Tensor Prompt(bool replaced)
    {
        var states = Encode(TrainingGolden.Ints(golden.Json.GetProperty("ids")));
        if (!replaced)
            return states;
        var segments = golden.Json.GetProperty("segments").EnumerateArray().ToList();
        var spans = segments.Select(segment => TrainingGolden.Ints(segment.GetProperty("tokens"))).Select(tokens => new PhraseSpan(tokens[0], tokens.Length))
            .ToList();
        return EmbeddingReplacement.Apply(states, Phrases(), spans);
    }

    public Tensor Phrases() =>
        Encode([.. golden.Json.GetProperty("segments").EnumerateArray().Select(segment => TrainingGolden.Ints(segment.GetProperty("phrase_ids")))]);

    public Tensor Empty() => Encode(TrainingGolden.Ints(golden.Json.GetProperty("empty_ids")));

    public IReadOnlyList<BinaryMask> Resolved()
    {
        var scores = golden.Json.GetProperty("segments").EnumerateArray().Select(segment => segment.GetProperty("score").GetDouble()).ToList();
        return SegmentMasks.Resolve(Masks(golden.Read("in.masks")), scores);
    }

    public AttentionModulator Modulator(ModulationOptions options)
    {
        var latent = golden.Read("in.latents").shape;
        var segments = golden.Json.GetProperty("segments").EnumerateArray().Zip(Resolved(), (segment, mask) => new ModulationSegment(
            TrainingGolden.Ints(segment.GetProperty("tokens")), segment.GetProperty("score").GetDouble(), mask)).ToList();
        return new AttentionModulator(options, [new ModulationLayout(segments, [], options.Sampling, (int)latent[2], (int)latent[3], CPU)], TrainSteps);
    }

    /// <summary>Guided DDIM; the latents after each step.</summary>
    public Tensor Sample(Tensor prompt, int steps, Func<int, double, IAttentionProcessor?> attention)
    {
        var context = cat([Empty(), prompt], 0);
        using var scheduler = SchedulerConfig
            .Load(Path.Combine(golden.Part, "models", "scheduler", "scheduler_config.json"))
            .Create(SchedulerKind.DDIM, new SchedulerOptions { Eta = golden.Json.GetProperty("eta").GetDouble() });
        scheduler.SetTimesteps(steps);
        var guidance = golden.Json.GetProperty("guidance_scale").GetDouble();
        var latents = golden.Read("in.latents");
        var all = new List<Tensor>();
        for (var i = 0; i < steps; i++)
        {
            var time = scheduler.Timesteps[i];
            var prediction = UNet.forward(cat([latents, latents], 0), tensor(time, dtype: ScalarType.Float32), context, attention: attention(i, time));
            var (empty, wanted) = (prediction.narrow(0, 0, 1), prediction.narrow(0, 1, 1));
            latents = scheduler.Step(empty.add(wanted.sub(empty).mul(Scalars.Of(guidance))), i, latents, null).PrevSample;
            all.Add(latents);
        }

        return cat([.. all], 0);
    }

    public void Dispose()
    {
        if (_unet.IsValueCreated)
            _unet.Value.Dispose();
        if (_text.IsValueCreated)
            _text.Value.Dispose();
    }
}

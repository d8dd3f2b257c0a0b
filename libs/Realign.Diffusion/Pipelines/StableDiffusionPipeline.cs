using Realign.Clip.Text;
using Realign.Core.Errors;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.UNet;
using Realign.Diffusion.Vae;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Pipelines;

/// <summary>Text to image and image to image with Stable Diffusion 1.x, 2.x and XL snapshots.</summary>
/// <remarks>Not thread-safe: one thread uses the models.</remarks>
public sealed class StableDiffusionPipeline : IDisposable
{
    private readonly CLIPTextModel? _textEncoder2;
    private readonly SchedulerConfig _schedulerConfig;

    internal StableDiffusionPipeline(
        PromptEncoder prompts, CLIPTextModel? textEncoder2, UNet2DConditionModel unet, AutoencoderKL vae, SchedulerConfig schedulerConfig, TorchPlacement placement)
    {
        Prompts = prompts;
        _textEncoder2 = textEncoder2;
        UNet = unet;
        Vae = vae;
        _schedulerConfig = schedulerConfig;
        Placement = placement;
    }

    /// <summary>Prompts to text states.</summary>
    public PromptEncoder Prompts { get; }

    /// <summary>The denoiser.</summary>
    public UNet2DConditionModel UNet { get; }

    /// <summary>Latents to images and back.</summary>
    public AutoencoderKL Vae { get; }

    /// <summary>Device and type of UNet and text encoders.</summary>
    public TorchPlacement Placement { get; }

    /// <summary>Published class name of the snapshot's own scheduler.</summary>
    public string SchedulerClass => _schedulerConfig.ClassName ?? nameof(DDIMScheduler);

    /// <summary>Models by the names that adapter files use.</summary>
    public IReadOnlyDictionary<string, nn.Module> Components => _textEncoder2 is null
        ? new Dictionary<string, nn.Module> { ["unet"] = UNet, ["text_encoder"] = Prompts.Tower.Model }
        : new Dictionary<string, nn.Module> { ["unet"] = UNet, ["text_encoder"] = Prompts.Tower.Model, ["text_encoder_2"] = _textEncoder2 };

    /// <summary>A scheduler with the snapshot's noise schedule.</summary>
    /// <param name="className">Published class name; null = the snapshot's own.</param>
    /// <param name="options">Choices of this run.</param>
    /// <exception cref="NotFoundException">There is no such class.</exception>
    public Scheduler CreateScheduler(string? className = null, SchedulerOptions? options = null) =>
        Scheduler.Create(className ?? SchedulerClass, _schedulerConfig, options);

    /// <summary>Whether a run needs the negative prompt: guidance above 1, and the UNet was not distilled to do without.</summary>
    public bool IsGuided(double guidanceScale) => guidanceScale > 1 && !UNet.IsDistilled;

    /// <summary>Encodes, denoises and decodes.</summary>
    /// <exception cref="InvalidInputException">A value of the request cannot be used.</exception>
    /// <exception cref="OperationCanceledException">Between two steps.</exception>
    public GenerationResult Generate(GenerationRequest request, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Check(Vae.Config.Factor);
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var conditions = Prompts.Encode(request.Prompt, IsGuided(request.GuidanceScale));
        var latents = Denoise(request, conditions, cancellation);
        var images = Decode(latents, cancellation);
        return new GenerationResult(images.MoveToOuterDisposeScope(), latents.MoveToOuterDisposeScope(), conditions.Prompts);
    }

    /// <summary>The denoising loop, for conditions that were encoded (and perhaps changed) before.</summary>
    /// <returns>Scaled latents (B, C, h, w), float32.</returns>
    /// <exception cref="InvalidInputException">A value of the request cannot be used.</exception>
    /// <exception cref="OperationCanceledException">Between two steps.</exception>
    public Tensor Denoise(GenerationRequest request, TextConditions conditions, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(conditions);
        request.Check(Vae.Config.Factor);
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        if (UNet.IsDistilled && request.Prompt.NegativePrompts is not null)
            throw new InvalidInputException("negative_prompt", $"{request.Prompt.NegativePrompts.Count} text(s)", "this model has guidance distilled into it and takes no negative prompt", "leave it out");
        var scheduler = request.Scheduler;
        scheduler.SetTimesteps(request.NumInferenceSteps);
        var (first, end) = StepRange(request);
        var latents = StartLatents(request, first);
        var isGuided = IsGuided(request.GuidanceScale);
        var context = isGuided ? cat([conditions.Negative!, conditions.Positive], 0) : conditions.Positive;
        var added = Added(request, conditions);
        for (var index = first; index < end; index++)
        {
            cancellation.ThrowIfCancellationRequested();
            var step = new DenoisingStep(index - first, end - first, scheduler.Timesteps[index], isGuided);
            var next = Advance(request, latents, context, added, index, step);
            latents.Dispose();
            latents = next;
        }

        return latents.MoveToOuterDisposeScope();
    }

    /// <summary>Scaled latents -> images (B, 3, H, W) float32 on the CPU, around [-1, 1]; one after the other, to bound memory.</summary>
    /// <exception cref="OperationCanceledException">Between two images.</exception>
    public Tensor Decode(Tensor latents, CancellationToken cancellation = default)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var unscaled = latents.div(Scalars.Of(Vae.Config.ScalingFactor)).to(VaeType);
        return Vae.DecodeSequentially(unscaled, cancellation).to(ScalarType.Float32).cpu().MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        UNet.Dispose();
        Vae.Dispose();
        Prompts.Tower.Model.Dispose();
        _textEncoder2?.Dispose();
    }

    private ScalarType VaeType => Vae.parameters().First().dtype;

    private Tensor Advance(GenerationRequest request, Tensor latents, Tensor context, AddedConditions? added, int index, DenoisingStep step)
    {
        using var scope = NewDisposeScope();
        var scheduler = request.Scheduler;
        var input = scheduler.ScaleModelInput(latents, index);
        if (step.IsGuided)
            input = cat([input, input], 0);
        var time = tensor(step.Timestep, dtype: ScalarType.Float32, device: Placement.Device);
        var guidance = UNet.IsDistilled ? request.GuidanceScale : (double?)null;
        var prediction = UNet.forward(input.to(Placement.DType), time, context, added, request.Attention?.Invoke(step), guidance: guidance).to(ScalarType.Float32);
        if (step.IsGuided)
            prediction = Guidance.Combine(prediction, request.GuidanceScale, request.GuidanceRescale);
        var noise = scheduler.NeedsNoise(index) ? request.Noise.Next(latents.shape).to(latents.device) : null;
        var result = scheduler.Step(prediction, index, latents, noise);
        request.Progress?.Invoke(new DenoisingProgress(step, result.PrevSample, result.PredOriginalSample));
        return result.PrevSample.MoveToOuterDisposeScope();
    }

    private static (int First, int End) StepRange(GenerationRequest request)
    {
        var timesteps = request.Scheduler.Timesteps;
        var first = request.InitImage is null
            ? 0
            : request.NumInferenceSteps - Math.Min((int)(request.NumInferenceSteps * request.Strength), request.NumInferenceSteps);
        var end = timesteps.Count;
        if (request.DenoisingEnd is { } share)
        {
            double train = request.Scheduler.Config.NumTrainTimesteps;
            var cutoff = Math.Round(train - (share * train));
            end = timesteps.Count(time => time >= cutoff);
        }

        return first < end
            ? (first, end)
            : throw new InvalidInputException(request.InitImage is null ? "denoising_end" : "strength", $"{request.DenoisingEnd ?? request.Strength}",
                $"leaves none of the {request.NumInferenceSteps} steps", "use more steps or another share");
    }

    private Tensor StartLatents(GenerationRequest request, int first)
    {
        using var scope = NewDisposeScope();
        long[] shape = [request.Prompt.Prompts.Count, Vae.Config.LatentChannels, request.Height / Vae.Config.Factor, request.Width / Vae.Config.Factor];
        if (request.InitImage is { } image)
        {
            var distribution = Vae.Encode(image.to(VaeType, Placement.Device));
            var original = distribution.Sample(request.Noise.Next(shape).to(VaeType, Placement.Device)).to(ScalarType.Float32).mul(Scalars.Of(Vae.Config.ScalingFactor));
            return request.Scheduler.AddNoise(original, request.Noise.Next(shape).to(Placement.Device), first).MoveToOuterDisposeScope();
        }

        var noise = request.StartLatents ?? request.Noise.Next(shape);
        if (!noise.shape.SequenceEqual(shape))
            throw new ArgumentException($"start latents [{string.Join(", ", noise.shape)}], expected [{string.Join(", ", shape)}]", nameof(request));
        return noise.to(ScalarType.Float32, Placement.Device).mul(Scalars.Of(request.Scheduler.InitNoiseSigma)).MoveToOuterDisposeScope();
    }

    private AddedConditions? Added(GenerationRequest request, TextConditions conditions)
    {
        if (conditions.PooledPositive is null)
            return null;
        var batch = request.Prompt.Prompts.Count;
        Tensor Ids(ImageSizes sizes) => tensor(sizes.TimeIds(request.Height, request.Width), device: Placement.Device).unsqueeze(0).expand(batch, -1);
        var positive = Ids(request.Sizes);
        return IsGuided(request.GuidanceScale)
            ? new AddedConditions(cat([conditions.PooledNegative!, conditions.PooledPositive], 0), cat([Ids(request.NegativeSizes ?? request.Sizes), positive], 0))
            : new AddedConditions(conditions.PooledPositive, positive);
    }
}

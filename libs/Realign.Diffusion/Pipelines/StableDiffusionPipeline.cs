using System.Globalization;
using Realign.Clip.Text;
using Realign.Core.Errors;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.UNet;
using Realign.Diffusion.Vae;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Pipelines;

/// <summary>Text to image, image to image and inpainting with Stable Diffusion 1.x, 2.x and XL snapshots.</summary>
/// <remarks>Not thread-safe: one thread uses the models.</remarks>
public sealed class StableDiffusionPipeline : IDisposable
{
    // what diffusers' XL pipelines tell a model that takes a score
    private const double AestheticScore = 6;
    private const double NegativeAestheticScore = 2.5;

    private readonly CLIPTextModel? _textEncoder2;
    private readonly SchedulerConfig _schedulerConfig;
    private readonly SideThread? _side;
    private readonly RunStarter _starter;

    internal StableDiffusionPipeline(
        PromptEncoder prompts, CLIPTextModel? textEncoder2, UNet2DConditionModel unet, AutoencoderKL vae, SchedulerConfig schedulerConfig,
        TorchPlacement placement, GenerationDefaults defaults, bool halvesApart)
    {
        Defaults = defaults;
        Prompts = prompts;
        _textEncoder2 = textEncoder2;
        UNet = unet;
        Vae = vae;
        _schedulerConfig = schedulerConfig;
        Placement = placement;
        _side = halvesApart ? new SideThread("negative half") : null;
        _starter = new RunStarter(vae, unet.Config, placement.Device);
    }

    /// <summary>Prompts to text states.</summary>
    public PromptEncoder Prompts { get; }

    /// <summary>The denoiser.</summary>
    public UNet2DConditionModel UNet { get; }

    /// <summary>Latents to images and back.</summary>
    public AutoencoderKL Vae { get; }

    /// <summary>Device and type of UNet and text encoders.</summary>
    public TorchPlacement Placement { get; }

    /// <summary>Settings of requests that name none.</summary>
    public GenerationDefaults Defaults { get; }

    /// <summary>The snapshot's own scheduler; null when it is not implemented, so that every run has to name one.</summary>
    public SchedulerKind? OwnScheduler => _schedulerConfig.OwnIsRefused is null ? _schedulerConfig.Kind : null;

    /// <summary>Models by the names that adapter files use.</summary>
    public IReadOnlyDictionary<string, nn.Module> Components
    {
        get
        {
            var components = new Dictionary<string, nn.Module> { ["unet"] = UNet };
            if (!IsRefiner)
                components["text_encoder"] = Prompts.Tower.Model;
            if (_textEncoder2 is not null)
                components["text_encoder_2"] = _textEncoder2;
            return components;
        }
    }

    /// <summary>Whether it is the refiner of XL: it has the second text encoder only, and is told a score.</summary>
    public bool IsRefiner => _textEncoder2 is not null && ReferenceEquals(_textEncoder2, Prompts.Tower.Model);

    /// <summary>A scheduler with the snapshot's noise schedule.</summary>
    /// <param name="kind">Null = the snapshot's own.</param>
    /// <param name="options">Choices of this run.</param>
    /// <exception cref="FailedPreconditionException">The snapshot's own is not implemented, or it asks for what the chosen one has not.</exception>
    public Scheduler CreateScheduler(SchedulerKind? kind = null, SchedulerOptions? options = null) =>
        _schedulerConfig.Create(kind, (options ?? SchedulerOptions.Default) with { IsXl = _textEncoder2 is not null });

    /// <summary>Whether a run needs the negative prompt: guidance above 1, and the UNet was not distilled to do without.</summary>
    public bool IsGuided(GenerationRequest request) => GuidanceOf(request) > 1 && !UNet.IsDistilled;

    /// <summary>Steps that a request asks for.</summary>
    public int StepsOf(GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.NumInferenceSteps ?? Defaults.NumInferenceSteps;
    }

    /// <summary>Guidance scale that a request asks for.</summary>
    public double GuidanceOf(GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.GuidanceScale ?? Defaults.GuidanceScale;
    }

    /// <summary>Pixels that a request asks for.</summary>
    public (int Height, int Width) SizeOf(GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var own = UNet.Config.SampleSize * Vae.Config.Factor;
        return (request.Height ?? own, request.Width ?? own);
    }

    /// <summary>Encodes, denoises and decodes: all images of the batch together. Fine stage, adapters and heat maps are the ImageGenerator's.</summary>
    /// <exception cref="InvalidInputException">A value of the request cannot be used.</exception>
    /// <exception cref="OperationCanceledException">The token was set.</exception>
    public GenerationResult Generate(GenerationRequest request, PipelineHooks? hooks = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        Check(request);
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var conditions = Prompts.Encode(request.Prompt, IsGuided(request));
        var latents = Denoise(request, conditions, hooks, cancellation);
        var images = Decode(latents, cancellation);
        return new GenerationResult(images.MoveToOuterDisposeScope(), latents.MoveToOuterDisposeScope(), conditions.Prompts);
    }

    /// <summary>The denoising loop, for conditions that were encoded (and perhaps changed) before.</summary>
    /// <returns>Scaled latents (B, C, h, w), float32.</returns>
    /// <exception cref="InvalidInputException">A value of the request cannot be used.</exception>
    /// <exception cref="FailedPreconditionException">The latents are no finite numbers after a step.</exception>
    /// <exception cref="OperationCanceledException">The token was set.</exception>
    public Tensor Denoise(GenerationRequest request, TextConditions conditions, PipelineHooks? hooks = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(conditions);
        Check(request);
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        if (UNet.IsDistilled && request.Prompt.NegativePrompts is not null)
            throw new InvalidInputException("negative_prompt", $"{request.Prompt.NegativePrompts.Count} text(s)",
                "this model has guidance distilled into it and takes no negative prompt", "leave it out");
        using var ownScheduler = hooks?.Scheduler is null ? CreateScheduler(request.Scheduler, request.SchedulerOptions) : null;
        using var ownNoise = hooks?.Noise is null ? new SeededNoise(request.Seeds) : null;
        var (scheduler, noise) = (hooks?.Scheduler ?? ownScheduler!, hooks?.Noise ?? ownNoise!);
        scheduler.SetTimesteps(StepsOf(request));
        var (first, end) = StepRange(request, scheduler);
        var start = _starter.Prepare(request, LatentShape(request), scheduler, noise, first, cancellation);
        var latents = start.Latents;
        using var denoiser = new Denoiser(UNet, Placement, Conditions(request, conditions), _side);
        for (var index = first; index < end; index++)
        {
            cancellation.ThrowIfCancellationRequested();
            var step = new DenoisingStep(index - first, end - first, scheduler.Timesteps[index], denoiser.FirstRow((int)latents.shape[0]));
            var next = Advance(latents, step, index);
            latents.Dispose();
            latents = next;
        }

        return latents.MoveToOuterDisposeScope();

        Tensor Advance(Tensor current, DenoisingStep step, int index)
        {
            using var inner = NewDisposeScope();
            var input = start.Input(scheduler.ScaleModelInput(current, index));
            var prediction = denoiser.Predict(input, step.Timestep, hooks?.Attention?.Invoke(step), cancellation);
            var fresh = scheduler.NeedsNoise(index) ? noise.Next(current.shape).to(current.device) : null;
            var result = scheduler.Step(prediction, index, current, fresh);
            Finite.RequireStep(result.PrevSample, prediction, step, Placement.DType, scheduler.Kind.ClassName());
            if (start.Masked is { } masked)
            {
                var next = masked.PutBack(result.PrevSample, scheduler, index + 1 < end ? index + 1 : null);
                result = new SchedulerStep(next, masked.PutBack(result.PredOriginalSample, scheduler, null));
            }

            hooks?.Progress?.Invoke(new DenoisingProgress(step, result.PrevSample, result.PredOriginalSample));
            return result.PrevSample.MoveToOuterDisposeScope();
        }
    }

    /// <summary>Scaled latents -> images (B, 3, H, W) float32 on the CPU, around [-1, 1]; one after the other, to bound memory.</summary>
    /// <exception cref="FailedPreconditionException">The image is no finite numbers.</exception>
    /// <exception cref="OperationCanceledException">The token was set.</exception>
    public Tensor Decode(Tensor latents, CancellationToken cancellation = default)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var unscaled = latents.div(Scalars.Of(Vae.Config.ScalingFactor)).to(_starter.VaeType);
        var images = Vae.DecodeSequentially(unscaled, cancellation).to(ScalarType.Float32).cpu();
        Finite.RequireImage(images, _starter.VaeType);
        return images.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _side?.Dispose();
        UNet.Dispose();
        Vae.Dispose();
        Prompts.Tower.Model.Dispose();
        if (!IsRefiner)
            _textEncoder2?.Dispose();
    }

    private DenoiserConditions Conditions(GenerationRequest request, TextConditions conditions)
    {
        var (added, negativeAdded) = Added(request, conditions);
        return new DenoiserConditions(conditions.Positive, IsGuided(request) ? conditions.Negative : null, added, negativeAdded)
        {
            GuidanceScale = GuidanceOf(request),
            GuidanceRescale = request.GuidanceRescale,
            DistilledGuidance = UNet.IsDistilled ? GuidanceOf(request) : null,
        };
    }

    private long[] LatentShape(GenerationRequest request)
    {
        var (height, width) = SizeOf(request);
        return [request.Prompt.Prompts.Count, Vae.Config.LatentChannels, height / Vae.Config.Factor, width / Vae.Config.Factor];
    }

    private void Check(GenerationRequest request)
    {
        var (height, width) = SizeOf(request);
        request.Check(Vae.Config.Factor, height, width);
    }

    /// <summary>Steps of the scheduler that a request runs: image to image leaves the noisiest out.</summary>
    internal (int First, int End) StepRange(GenerationRequest request, Scheduler scheduler)
    {
        var steps = StepsOf(request);
        var first = request.InitImage is null ? 0 : steps - Math.Min((int)(steps * request.Strength), steps);
        return first < steps
            ? (first * scheduler.Order, scheduler.Timesteps.Count)
            : throw new InvalidInputException("strength", request.Strength.ToString(CultureInfo.InvariantCulture),
                $"leaves none of the {steps} steps", "use more steps or a larger strength");
    }

    private (AddedConditions? Added, AddedConditions? Negative) Added(GenerationRequest request, TextConditions conditions)
    {
        if (conditions.PooledPositive is null)
        {
            return (request.Sizes ?? request.NegativeSizes) is null
                ? (null, null)
                : throw new InvalidInputException(request.Sizes is null ? "negative_sizes" : "sizes", "given", "this model is told no sizes", "leave them out");
        }

        CheckScores(request);
        var batch = request.Prompt.Prompts.Count;
        var (height, width) = SizeOf(request);
        Tensor Ids(ImageSizes sizes, double ownScore)
        {
            var numbers = sizes.TimeIds(height, width, IsRefiner ? ownScore : null);
            return tensor(numbers, device: Placement.Device).unsqueeze(0).expand(batch, -1);
        }


        var sizes = request.Sizes ?? new ImageSizes();
        var negative = request.NegativeSizes ?? sizes with { AestheticScore = null };
        return (new AddedConditions(conditions.PooledPositive, Ids(sizes, AestheticScore)),
            IsGuided(request) ? new AddedConditions(conditions.PooledNegative!, Ids(negative, NegativeAestheticScore)) : null);
    }

    private void CheckScores(GenerationRequest request)
    {
        foreach (var (field, sizes) in new[] { ("sizes", request.Sizes), ("negative_sizes", request.NegativeSizes) })
        {
            if (!IsRefiner && sizes?.AestheticScore is { } score)
            {
                throw new InvalidInputException(
                    $"{field}.aesthetic_score", score.ToString(CultureInfo.InvariantCulture), "only the refiner is told one", "leave it out");
            }

            if (IsRefiner && sizes?.Target is not null)
                throw new InvalidInputException($"{field}.target", "given", "the refiner is told no target size", "leave it out");
        }
    }
}

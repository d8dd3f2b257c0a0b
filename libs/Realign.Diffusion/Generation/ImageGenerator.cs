using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Core.Memory;
using Realign.Core.Timings;
using Realign.Diffusion.Daam;
using Realign.Diffusion.FineStage;
using Realign.Diffusion.Adapters;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.TextualInversion;
using Realign.Torch;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Realign.Diffusion.Generation;

/// <summary>Generates pictures with one loaded pipeline: plain runs and the fine stage of RealignDiff, heat maps, previews, adapters.</summary>
/// <remarks>Not thread-safe. Owns pipeline and adapters.</remarks>
/// <param name="pipeline">Loaded models.</param>
/// <param name="adapters">What requests may name.</param>
/// <param name="embeddings">What prompts may name.</param>
/// <param name="maxPixels">Most pixels of a call, all its images together.</param>
public sealed class ImageGenerator(StableDiffusionPipeline pipeline, AdapterFolder adapters, EmbeddingFolder embeddings, long maxPixels) : IDisposable
{
    // above this the C heap is asked to give memory back after the call
    private const long LargePixels = 1L << 18;

    // what follows the steps of an image, as long as it took last time
    private double _finishingMillisecondsPerPixel;

    /// <summary>
    /// Generates all images of a request, one after the other: memory does not grow with their number, and each is to the last bit the image
    /// that its seed gives alone.
    /// </summary>
    /// <param name="request">One prompt, any number of seeds.</param>
    /// <param name="listener">Gets events while the work goes on.</param>
    /// <param name="between">Called after each step of a request that <see cref="CanPause"/>; other requests may be worked on meanwhile. Null = nobody.</param>
    /// <param name="cancellation">Ends the work inside a step.</param>
    /// <exception cref="InvalidInputException">A value of the request cannot be used.</exception>
    /// <exception cref="FailedPreconditionException">Latents, image or heat maps are no finite numbers.</exception>
    /// <exception cref="NotFoundException">There is no such scheduler, adapter or embedding.</exception>
    /// <exception cref="OperationCanceledException">The token was set.</exception>
    public GeneratedImages Generate(GenerationRequest request, IGenerationListener listener, Action? between, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(listener);
        var (height, width) = pipeline.SizeOf(request);
        var pixels = (long)height * width * request.Seeds.Count;
        if (pixels > maxPixels)
        {
            throw new InvalidInputException("width", $"{width}x{height} for {request.Seeds.Count} image(s)",
                $"this service generates at most {maxPixels} pixels a call", "ask for fewer or smaller images, or set Generator:MaxPixels");
        }

        try
        {
            using var grad = no_grad();
            using var scope = NewDisposeScope();
            return GenerateAll(request, height, width, listener, CanPause(request) ? between : null, cancellation);
        }
        finally
        {
            if ((long)height * width > LargePixels)
                ProcessMemory.GiveBack();
        }
    }

    /// <summary>How much work a request is: pixels in the UNet's batches, over all steps and images. From any thread, for estimates of time.</summary>
    /// <param name="request">The request, its initial picture aside.</param>
    /// <param name="isFromImage">Whether it starts from a picture.</param>
    public double WorkOf(GenerationRequest request, bool isFromImage) =>
        MegapixelStepsOf(request, isFromImage) * 1e6 * (pipeline.IsGuided(request) ? 2 : 1);

    /// <summary>What a request is counted as: width x height x steps x images / 10^6. From any thread.</summary>
    /// <param name="request">The request, its initial picture aside.</param>
    /// <param name="isFromImage">Whether it starts from a picture.</param>
    public double MegapixelStepsOf(GenerationRequest request, bool isFromImage)
    {
        ArgumentNullException.ThrowIfNull(request);
        var (height, width) = pipeline.SizeOf(request);
        return pipeline.StepsOf(request) * (isFromImage ? request.Strength : 1) * height * width * request.Seeds.Count / 1e6;
    }

    /// <summary>
    /// Whether other requests may be worked on between the steps of this one: adapters are in the model while a call with them lasts, and two
    /// large images at a time may not fit into memory.
    /// </summary>
    public bool CanPause(GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var (height, width) = pipeline.SizeOf(request);
        return request.Adapters.Count == 0 && (long)height * width <= maxPixels / 2;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        adapters.Dispose();
        pipeline.Dispose();
    }

    /// <summary>The adapters on offer, by what their headers tell. From any thread.</summary>
    /// <param name="cancellation">Looked at before each file.</param>
    public IReadOnlyList<AdapterSummary> ListAdapters(CancellationToken cancellation) => adapters.List(pipeline, cancellation);

    /// <inheritdoc cref="StableDiffusionPipeline.OwnScheduler"/>
    public SchedulerKind? OwnScheduler => pipeline.OwnScheduler;

    private GeneratedImages GenerateAll(
        GenerationRequest request, int height, int width, IGenerationListener listener, Action? between, CancellationToken cancellation)
    {
        var factor = pipeline.Vae.Config.Factor;
        var timings = new CallTimings();
        using var scheduler = pipeline.CreateScheduler(request.Scheduler, request.SchedulerOptions);
        if (request.Eta > 0 && !scheduler.HasEta)
        {
            throw new InvalidInputException("eta", $"{request.Eta}", $"{scheduler.Kind.ClassName()} has no eta",
                "leave it out, or use SCHEDULER_DDIM or SCHEDULER_TCD");
        }

        scheduler.SetTimesteps(pipeline.StepsOf(request));
        using var attached = adapters.Attach(request.Adapters, pipeline, cancellation);
        if (request.Adapters.Count > 0)
            timings.Mark("load_adapters");
        var words = embeddings.Load(request.TextualInversions, attached.Embeddings, pipeline);
        if (words is not null)
            timings.Mark("load_embeddings");
        var prompt = request.Prompt with { Embeddings = words };
        var plan = request.FineStage is { Regions.Count: > 0 } stage ? FineStagePlan.Prepare(stage, pipeline.Prompts.Tower, prompt, height, width) : null;
        if (plan is not null)
            prompt = prompt with { Prompts = [plan.Prompt] };
        var conditions = pipeline.Prompts.Encode(prompt, pipeline.IsGuided(request));
        conditions = plan?.Apply(conditions, pipeline.Prompts) ?? conditions;
        timings.Mark("encode_prompt");

        using var modulator = plan?.CreateModulator(height / factor, width / factor, scheduler.Config.NumTrainTimesteps, pipeline.Placement.Device);
        var finishing = _finishingMillisecondsPerPixel * height * width;
        var (first, end) = pipeline.StepRange(request, scheduler);
        var run = new GenerationRun(
            request, modulator, end - first, scheduler.Config.NumTrainTimesteps, finishing, listener, (latents, size) => Preview(latents, size, cancellation));
        run.Begin();
        var images = new List<RgbImage>();
        var maps = new List<WordHeatMap>();
        foreach (var seed in request.Seeds)
        {
            using var scope = NewDisposeScope();
            using var recorder = request.HeatMaps ? new DaamRecorder(conditions.Prompts[0].Tokens.Length) : null;
            var latents = pipeline.Denoise(request with { Prompt = prompt, Seeds = [seed] }, conditions, new PipelineHooks
            {
                Scheduler = scheduler,
                Attention = step => run.Attention(step, recorder),
                Progress = progress =>
                {
                    run.Progress(progress);
                    if (!cancellation.IsCancellationRequested)
                        between?.Invoke();
                },
            }, cancellation);
            timings.Mark("denoise");
            var decoding = TimeProvider.System.GetTimestamp();
            images.Add(DecodedImages.ToRgb(pipeline.Decode(latents, cancellation))[0]);
            timings.Mark("decode");
            _finishingMillisecondsPerPixel = TimeProvider.System.GetElapsedTime(decoding).TotalMilliseconds / ((double)height * width);
            if (recorder is not null)
            {
                var vocabulary = new PromptVocabulary(pipeline.Prompts.Tower, words);
                maps.AddRange(Maps(recorder, vocabulary, conditions, images.Count - 1, height / factor, width / factor));
            }
        }

        return new GeneratedImages(
            images, prompt.Prompts[0], pipeline.Prompts.Truncated(prompt), scheduler.Kind, pipeline.StepsOf(request), pipeline.GuidanceOf(request),
            maps, plan?.Reports ?? [], [.. Ignored(request), .. Unused(prompt)], timings);
    }

    private IEnumerable<IgnoredInput> Ignored(GenerationRequest request)
    {
        var scale = pipeline.GuidanceOf(request);
        if (!pipeline.IsGuided(request))
        {
            var unguided = FormattableString.Invariant($"a guidance scale of {scale} is none: it takes more than 1");
            if (request.Prompt.NegativePrompts is not null || request.Prompt.NegativePrompts2 is not null)
                yield return new IgnoredInput("negative_prompt", unguided);
            if (request.GuidanceRescale > 0)
                yield return new IgnoredInput("guidance_rescale", pipeline.UNet.IsDistilled ? "this model has guidance distilled into it" : unguided);
        }

        if (request.FineStage is { Regions.Count: 0 })
            yield return new IgnoredInput("modulation", "it has no segments");
        if (request is { PreviewSize: not null, PreviewEvery: 0 })
            yield return new IgnoredInput("preview.max_size", "every_steps is 0: there are no previews");
    }

    private static IEnumerable<IgnoredInput> Unused(PromptRequest prompt) =>
        (prompt.Embeddings?.Unused(prompt) ?? []).Select(item => new IgnoredInput(item.Field, $"its word {item.Token} is in none of the texts"
            + (item.Embedding.Layout.OwnToken is { } own ? $"; the file itself calls it {own}, which can be given as token" : "")));

    // the latents are shrunk before they are decoded: a small picture costs little, whatever the size of the image
    private RgbImage Preview(Tensor latents, int? size, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var first = latents.narrow(0, 0, 1);
        var longest = Math.Max(first.shape[2], first.shape[3]);
        var wanted = Math.Max(1, (size ?? int.MaxValue) / pipeline.Vae.Config.Factor);
        if (wanted < longest)
        {
            long[] shrunk = [Math.Max(1, first.shape[2] * wanted / longest), Math.Max(1, first.shape[3] * wanted / longest)];
            first = F.interpolate(first, size: shrunk, mode: InterpolationMode.Area);
        }

        return DecodedImages.ToRgb(pipeline.Decode(first, cancellation))[0];
    }

    private static List<WordHeatMap> Maps(DaamRecorder recorder, PromptVocabulary vocabulary, TextConditions conditions, int image, int height, int width)
    {
        using var scope = NewDisposeScope();
        var maps = recorder.HeatMaps(height, width)[0];
        Finite.RequireHeatMaps(maps);
        return [.. WordColumns.Of(vocabulary, conditions.Prompts[0]).Select(word =>
            new WordHeatMap(image, word.Word, word.Columns, height, width, HeatMaps.Word(maps, word.Columns).ToSingles()))];
    }
}

using Realign.Core.Errors;
using Realign.Core.Timings;
using Realign.Diffusion.Daam;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Schedulers;
using Realign.Torch;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Realign.Generator.Drawing;

/// <summary>Draws with one loaded pipeline. Runs on the model's own thread only.</summary>
internal sealed class ImageDrawer(StableDiffusionPipeline pipeline, AdapterShelf adapters) : IDisposable
{
    /// <summary>Above this the C heap is asked to give memory back after the call.</summary>
    private const long LargePixels = 1L << 18;

    // what follows the steps of an image, as long as it took last time
    private double _finishingMillisecondsPerPixel;

    /// <summary>One step, so that the first caller does not wait for lazy set-up.</summary>
    public void WarmUp(CancellationToken cancellation) => _ = Draw(
        new DrawingRequest { Prompt = "a", NegativePrompt = "", Seeds = [0], NumInferenceSteps = 1, GuidanceScale = 2, MaxPixels = long.MaxValue },
        new EventQueue(), cancellation);

    /// <summary>
    /// Draws all images of a request, one after the other: memory does not grow with their number, and each is to the last bit the image
    /// that its seed gives alone.
    /// </summary>
    /// <param name="request">Checked fields.</param>
    /// <param name="events">Gets events while the work goes on.</param>
    /// <param name="cancellation">Checked before each step and each decoded image.</param>
    public DrawingResult Draw(DrawingRequest request, EventQueue events, CancellationToken cancellation)
    {
        var (height, width) = Size(request);
        try
        {
            using var grad = no_grad();
            using var scope = NewDisposeScope();
            return DrawAll(request, height, width, events, cancellation);
        }
        finally
        {
            if ((long)height * width > LargePixels)
                TorchRuntime.TrimMemory();
        }
    }

    public void Dispose() => pipeline.Dispose();

    private (int Height, int Width) Size(DrawingRequest request)
    {
        var own = pipeline.UNet.Config.SampleSize * pipeline.Vae.Config.Factor;
        var (height, width) = (request.Height ?? own, request.Width ?? own);
        var pixels = (long)height * width * request.Seeds.Count;
        return pixels <= request.MaxPixels
            ? (height, width)
            : throw new InvalidInputException("width", $"{width}x{height} for {request.Seeds.Count} image(s)", $"this service draws at most {request.MaxPixels} pixels a call",
                "ask for fewer or smaller images, or raise Generator:MaxPixels");
    }

    private DrawingResult DrawAll(DrawingRequest request, int height, int width, EventQueue events, CancellationToken cancellation)
    {
        var factor = pipeline.Vae.Config.Factor;
        var timings = new StageTimings();
        using var scheduler = pipeline.CreateScheduler(request.SchedulerClass, new SchedulerOptions { Eta = request.Eta });
        if (request.Eta > 0 && scheduler.GetType().Name != "DDIMScheduler")
            throw new InvalidInputException("eta", $"{request.Eta}", $"{scheduler.GetType().Name} has no eta", "leave it out, or use SCHEDULER_DDIM");
        scheduler.SetTimesteps(request.NumInferenceSteps);
        var fine = request.FineStage is { } stage ? FineStage.Prepare(stage, pipeline.Prompts.Tower, request.Prompt, height, width) : null;
        var prompt = new PromptRequest
        {
            Prompts = [fine?.Prompt ?? request.Prompt],
            NegativePrompts = request.NegativePrompt.Length == 0 ? null : [request.NegativePrompt],
        };
        using var attached = adapters.Attach(request.Adapters, pipeline);
        if (request.Adapters.Count > 0)
            timings.Mark("load_adapters");
        var guided = pipeline.IsGuided(request.GuidanceScale);
        var conditions = pipeline.Prompts.Encode(prompt, guided);
        conditions = fine?.Apply(conditions, pipeline.Prompts) ?? conditions;
        timings.Mark("encode_prompt");

        using var modulator = fine?.Modulator(height / factor, width / factor, pipeline.Placement.Device);
        var finishing = _finishingMillisecondsPerPixel * height * width;
        var run = new DrawingRun(request, modulator, scheduler.Timesteps.Count, finishing, events, Preview);
        run.Begin();
        var pngs = new List<byte[]>();
        var maps = new List<WordMap>();
        foreach (var seed in request.Seeds)
        {
            using var scope = NewDisposeScope();
            using var noise = new SeededNoise([seed]);
            using var recorder = request.HeatMaps ? new DaamRecorder() : null;
            var latents = pipeline.Denoise(new GenerationRequest
            {
                Prompt = prompt,
                Scheduler = scheduler,
                Noise = noise,
                Height = height,
                Width = width,
                NumInferenceSteps = request.NumInferenceSteps,
                GuidanceScale = request.GuidanceScale,
                GuidanceRescale = request.GuidanceRescale,
                Attention = step => run.Attention(step, recorder),
                Progress = run.Progress,
            }, conditions, cancellation);
            timings.Mark("denoise");
            pngs.Add(Finish(latents, timings, cancellation));
            if (recorder is not null)
                maps.AddRange(Maps(recorder, conditions, pngs.Count - 1, height / factor, width / factor));
        }

        return new DrawingResult(
            pngs, prompt.Prompts[0], conditions.Prompts[0].Tokens.TruncatedRest, scheduler.GetType().Name, maps, fine?.Reports() ?? [], timings);
    }

    private byte[] Finish(Tensor latents, StageTimings timings, CancellationToken cancellation)
    {
        var start = TimeProvider.System.GetTimestamp();
        var image = pipeline.Decode(latents, cancellation);
        timings.Mark("decode");
        var png = Pictures.Png(image)[0];
        timings.Mark("encode_png");
        _finishingMillisecondsPerPixel = TimeProvider.System.GetElapsedTime(start).TotalMilliseconds / (image.shape[2] * image.shape[3]);
        return png;
    }

    // the latents are shrunk before they are decoded: a small picture costs little, whatever the size of the image
    private byte[] Preview(Tensor latents, int? size)
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

        return Pictures.Png(pipeline.Decode(first))[0];
    }

    private List<WordMap> Maps(DaamRecorder recorder, TextConditions conditions, int image, int height, int width)
    {
        using var scope = NewDisposeScope();
        var maps = recorder.HeatMaps(height, width)[0];
        return [.. WordColumns.Of(pipeline.Prompts.Tower, conditions.Prompts[0]).Select(word =>
            new WordMap(image, word.Word, word.Columns, height, width, HeatMaps.Word(maps, word.Columns).ToSingles()))];
    }
}

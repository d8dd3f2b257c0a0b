using Realign.Core.Errors;
using Realign.Diffusion.Attention;
using Realign.Diffusion.Daam;
using Realign.Diffusion.Modulation;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Schedulers;
using Realign.Torch;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Realign.Generator.Drawing;

/// <summary>Draws with one loaded pipeline. Runs on the model's own thread only.</summary>
internal sealed class ImageDrawer(StableDiffusionPipeline pipeline) : IDisposable
{
    /// <summary>Above this the C heap is asked to give memory back after the call.</summary>
    private const long LargePixels = 1L << 18;

    /// <summary>One step, so that the first caller does not wait for lazy set-up.</summary>
    public void WarmUp(CancellationToken cancellation) => _ = Draw(
        new DrawingRequest { Prompt = "a", NegativePrompt = "", Seeds = [0], NumInferenceSteps = 1, GuidanceScale = 2, MaxPixels = long.MaxValue },
        _ => { }, cancellation);

    /// <summary>Draws all images of a request.</summary>
    /// <param name="request">Checked fields.</param>
    /// <param name="tell">Gets events while the work goes on; must not block.</param>
    /// <param name="cancellation">Checked before each step and each decoded image.</param>
    public DrawingResult Draw(DrawingRequest request, Action<DrawingEvent> tell, CancellationToken cancellation)
    {
        var (height, width) = Size(request);
        var factor = pipeline.Vae.Config.Factor;
        var timings = new Timings();
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        using var scheduler = pipeline.CreateScheduler(request.SchedulerClass, new SchedulerOptions { Eta = request.Eta });
        using var noise = new SeededNoise(request.Seeds);
        var fine = request.FineStage is { } stage ? FineStage.Prepare(stage, pipeline.Prompts.Tower, request.Prompt, height, width) : null;
        var prompt = fine?.Prompt ?? request.Prompt;
        var guided = request.GuidanceScale > 1;
        var conditions = pipeline.Prompts.Encode(Repeat(prompt, request), guided);
        conditions = fine?.Apply(conditions, pipeline.Prompts) ?? conditions;
        timings.Mark("encode_prompt");

        using var modulator = fine?.Modulator(request.Seeds.Count, height / factor, width / factor, pipeline.Placement.Device);
        using var recorder = request.HeatMaps ? new DaamRecorder() : null;
        var run = new Run(request, modulator, recorder, guided ? request.Seeds.Count : 0, tell, Preview);
        run.Begin();
        var latents = pipeline.Denoise(new GenerationRequest
        {
            Prompt = Repeat(prompt, request),
            Scheduler = scheduler,
            Noise = noise,
            Height = height,
            Width = width,
            NumInferenceSteps = request.NumInferenceSteps,
            GuidanceScale = request.GuidanceScale,
            GuidanceRescale = request.GuidanceRescale,
            Attention = run.Attention,
            Progress = run.Progress,
        }, conditions, cancellation);
        timings.Mark("denoise");
        var images = pipeline.Decode(latents, cancellation);
        timings.Mark("decode");
        var pngs = Pictures.Png(images);
        timings.Mark("encode_png");
        var maps = recorder is null ? [] : Maps(recorder, conditions, height / factor, width / factor);
        if ((long)height * width * request.Seeds.Count > LargePixels)
            TorchRuntime.TrimMemory();
        return new DrawingResult(
            pngs, prompt, conditions.Prompts[0].Tokens.TruncatedRest, scheduler.GetType().Name, maps, fine?.Reports() ?? [], timings.All);
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

    private static PromptRequest Repeat(string prompt, DrawingRequest request) => new()
    {
        Prompts = [.. Enumerable.Repeat(prompt, request.Seeds.Count)],
        NegativePrompts = request.NegativePrompt.Length == 0 ? null : [.. Enumerable.Repeat(request.NegativePrompt, request.Seeds.Count)],
    };

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

    private List<WordMap> Maps(DaamRecorder recorder, TextConditions conditions, int height, int width)
    {
        using var scope = NewDisposeScope();
        var maps = recorder.HeatMaps(height, width);
        var words = WordColumns.Of(pipeline.Prompts.Tower, conditions.Prompts[0]);
        return [.. Enumerable.Range(0, (int)maps.shape[0]).SelectMany(image => words.Select(word =>
            new WordMap(image, word.Word, word.Columns, height, width, HeatMaps.Word(maps[image], word.Columns).ToSingles())))];
    }

    /// <summary>Hooks of one run: which attention a step gets, and what is told after it.</summary>
    private sealed class Run(
        DrawingRequest request, AttentionModulator? modulator, DaamRecorder? recorder, int firstRow, Action<DrawingEvent> tell, Func<Tensor, int?, byte[]> preview)
    {
        private readonly long _start = TimeProvider.System.GetTimestamp();
        private bool _isModulated;

        public void Begin() => tell(new StepDone(0, request.NumInferenceSteps, 0, 0, false));

        public IAttentionProcessor? Attention(DenoisingStep step)
        {
            _isModulated = modulator?.BeginStep(step.Index, step.Count, step.Timestep, firstRow) == true;
            var inner = _isModulated ? modulator : null;
            recorder?.BeginStep(firstRow, inner);
            return recorder is null ? inner : recorder;
        }

        public void Progress(DenoisingProgress progress)
        {
            var step = progress.Step;
            var done = step.Index + 1;
            var eta = TimeProvider.System.GetElapsedTime(_start).TotalMilliseconds / done * (step.Count - done);
            tell(new StepDone(done, step.Count, step.Timestep, eta, _isModulated));
            if (request.PreviewEvery > 0 && done % request.PreviewEvery == 0 && done < step.Count)
                tell(new PreviewMade(done, preview(progress.PredictedOriginal, request.PreviewSize)));
        }
    }

    private sealed class Timings
    {
        private readonly List<(string, double)> _all = [];
        private long _last = TimeProvider.System.GetTimestamp();

        public IReadOnlyList<(string Name, double Milliseconds)> All => _all;

        public void Mark(string name)
        {
            _all.Add((name, TimeProvider.System.GetElapsedTime(_last).TotalMilliseconds));
            _last = TimeProvider.System.GetTimestamp();
        }
    }
}

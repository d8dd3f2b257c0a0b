using Google.Protobuf;
using Realign.Core.Images;
using Realign.Diffusion.FineStage;
using Realign.Diffusion.Generation;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Schedulers;
using Realign.Imaging;
using Realign.V1;
using Realign.Wire.Schedulers;
using Realign.Wire.Tensors;
using Realign.Wire.Timings;
using Scheduler = Realign.V1.Scheduler;

namespace Realign.Generator.Events;

/// <summary>What was generated, as messages.</summary>
internal static class GenerateResponses
{
    public static GenerateResponse Event(GenerationEvent happened, double megapixelSteps) => happened switch
    {
        StepDone step => new GenerateResponse
        {
            Progress = new GenerateProgress
            {
                Step = step.Step,
                TotalSteps = step.TotalSteps,
                Timestep = step.Timestep,
                EtaMilliseconds = step.EtaMilliseconds,
                Modulated = step.IsModulated,
                MegapixelSteps = megapixelSteps,
            },
        },
        PreviewMade preview => new GenerateResponse { Preview = new GeneratePreview { Step = preview.Step, Png = Png(preview.Image) } },
        _ => throw new InvalidOperationException($"no message for {happened.GetType().Name}"),
    };

    public static GenerateResult Result(GenerationRequest request, GeneratedImages generated, string modelName, double queuedMilliseconds)
    {
        var start = TimeProvider.System.GetTimestamp();
        var result = new GenerateResult
        {
            EffectivePrompt = generated.EffectivePrompt,
            TruncatedPrompt = generated.Truncated.Prompt,
            TruncatedNegativePrompt = generated.Truncated.NegativePrompt,
            TruncatedPrompt2 = generated.Truncated.Prompt2,
            TruncatedNegativePrompt2 = generated.Truncated.NegativePrompt2,
            Scheduler = SchedulerName.OfClass(generated.Scheduler.ClassName())?.Value ?? Scheduler.Unspecified,
            NumInferenceSteps = generated.NumInferenceSteps,
            GuidanceScale = (float)generated.GuidanceScale,
            Model = new ModelInfo { Family = "stable-diffusion", Name = modelName },
        };
        result.Images.AddRange(generated.Images.Zip(request.Seeds, (image, seed) => new GeneratedImage { Png = Png(image), Seed = seed }));
        result.HeatMaps.AddRange(generated.HeatMaps.Select(HeatMap));
        result.Segments.AddRange(generated.Regions.Select(Segment));
        result.Ignored.AddRange(generated.Ignored.Select(ignored => new IgnoredField { Field = ignored.Field, Reason = ignored.Reason }));
        result.Timings.Add(new Timing { Name = "queue", Milliseconds = queuedMilliseconds });
        result.Timings.AddRange(generated.Timings.ToMessages());
        result.Timings.Add(new Timing { Name = "encode_png", Milliseconds = TimeProvider.System.GetElapsedTime(start).TotalMilliseconds });
        return result;
    }

    private static ByteString Png(RgbImage image) => UnsafeByteOperations.UnsafeWrap(ImageEncoder.Png(image));

    private static SegmentReport Segment(RegionReport region) => new()
    {
        Phrase = region.Phrase,
        TokenIndices = { region.Columns },
        Area = (float)region.Area,
        IgnoredBecause = region.IgnoredBecause,
    };

    private static HeatMap HeatMap(WordHeatMap map) => new()
    {
        Word = map.Word,
        ImageIndex = map.ImageIndex,
        TokenIndices = { map.Columns },
        Map = TensorWriter.Singles(map.Values, map.Height, map.Width),
    };
}

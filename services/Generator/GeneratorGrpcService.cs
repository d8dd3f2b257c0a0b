using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Options;
using Realign.Generator.Drawing;
using Realign.Generator.Requests;
using Realign.Hosting.Models;
using Realign.V1;
using Realign.Wire.Schedulers;
using Realign.Wire.Tensors;
using Realign.Wire.Timings;

namespace Realign.Generator;

internal sealed class GeneratorGrpcService(ModelHost<ImageDrawer> drawer, IOptions<GeneratorOptions> options) : GeneratorService.GeneratorServiceBase
{
    public override async Task Generate(GenerateRequest request, IServerStreamWriter<GenerateResponse> responseStream, ServerCallContext context)
    {
        var drawing = DrawingRequestReader.Read(request, options.Value);
        var queued = TimeProvider.System.GetTimestamp();
        var waited = 0.0;
        var events = new EventQueue();

        var work = drawer.RunAsync((model, token) =>
        {
            waited = TimeProvider.System.GetElapsedTime(queued).TotalMilliseconds;
            return model.Draw(drawing, events, token);
        }, context.CancellationToken);
        _ = work.ContinueWith(done => events.Complete(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

        try
        {
            await foreach (var told in events.ReadAllAsync(context.CancellationToken))
                await responseStream.WriteAsync(Map(told), context.CancellationToken);
        }
        catch (OperationCanceledException)
        {
            // the call ends when its work has ended
            _ = await work;
            throw;
        }

        var result = Map(await work, drawing);
        result.Timings.Insert(0, new Timing { Name = "queue", Milliseconds = waited });
        await responseStream.WriteAsync(new GenerateResponse { Result = result }, context.CancellationToken);
    }

    private static GenerateResponse Map(DrawingEvent told) => told switch
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
            },
        },
        PreviewMade preview => new GenerateResponse { Preview = new GeneratePreview { Step = preview.Step, Png = UnsafeByteOperations.UnsafeWrap(preview.Png) } },
        _ => throw new InvalidOperationException($"no message for {told.GetType().Name}"),
    };

    private GenerateResult Map(DrawingResult result, DrawingRequest request)
    {
        var mapped = new GenerateResult
        {
            EffectivePrompt = result.EffectivePrompt,
            TruncatedPrompt = result.TruncatedPrompt,
            Scheduler = SchedulerName.OfClass(result.SchedulerClass)?.Value ?? Scheduler.Unspecified,
            NumInferenceSteps = request.NumInferenceSteps,
            GuidanceScale = (float)request.GuidanceScale,
            Model = new ModelInfo { Family = "stable-diffusion", Name = options.Value.Name },
        };
        mapped.Images.AddRange(result.Pngs.Zip(request.Seeds, (png, seed) => new GeneratedImage { Png = UnsafeByteOperations.UnsafeWrap(png), Seed = seed }));
        mapped.HeatMaps.AddRange(result.HeatMaps.Select(Map));
        mapped.Segments.AddRange(result.Regions.Select(region => new SegmentReport
        {
            Phrase = region.Phrase,
            TokenIndices = { region.Columns },
            Area = (float)region.Area,
            IgnoredBecause = region.IgnoredBecause,
        }));
        mapped.Timings.AddRange(result.Timings.ToMessages());
        return mapped;
    }

    private static HeatMap Map(WordMap map) => new()
    {
        Word = map.Word,
        ImageIndex = map.ImageIndex,
        TokenIndices = { map.Columns },
        Map = TensorWriter.Singles(map.Values, map.Height, map.Width),
    };
}

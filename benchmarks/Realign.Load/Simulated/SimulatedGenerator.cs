using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Realign.Hosting.Models;
using Realign.Hosting.Scheduling;
using Realign.V1;

namespace Realign.LoadBenchmark.Simulated;

/// <summary>Draws nothing in the time that the steps take; its answers name its process.</summary>
internal sealed class SimulatedGenerator(ModelHost<SimulatedModel> host) : GeneratorService.GeneratorServiceBase
{
    public override async Task Generate(GenerateRequest request, IServerStreamWriter<GenerateResponse> responseStream, ServerCallContext context)
    {
        var events = Channel.CreateUnbounded<GenerateResponse>();
        var work = host.RunAsync((model, token) =>
        {
            for (var step = 0; step < request.NumInferenceSteps; step++)
            {
                _ = events.Writer.TryWrite(new GenerateResponse { Progress = new GenerateProgress { Step = step, TotalSteps = request.NumInferenceSteps } });
                model.Step(token);
                host.Yield();
            }

            return true;
        }, CallTerms.Of(context, request.NumInferenceSteps) with { Yields = true });
        _ = work.ContinueWith(_ => events.Writer.Complete(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        await foreach (var happened in events.Reader.ReadAllAsync(context.CancellationToken))
            await responseStream.WriteAsync(happened, context.CancellationToken);
        _ = await work;
        var result = new GenerateResult
        {
            Images = { new GeneratedImage { Png = ByteString.CopyFromUtf8("image"), Seed = request.Seed } },
            Segments =
            {
                (request.Modulation?.Segments ?? []).Select(segment => new SegmentReport { Phrase = segment.Phrase, TokenIndices = { 1 }, Area = 0.2f }),
            },
            Model = new ModelInfo { Name = $"{Environment.ProcessId}" },
        };
        await responseStream.WriteAsync(new GenerateResponse { Result = result }, context.CancellationToken);
    }
}

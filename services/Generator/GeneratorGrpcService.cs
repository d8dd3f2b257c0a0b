using Grpc.Core;
using Microsoft.Extensions.Options;
using Realign.Diffusion.Generation;
using Realign.Generator.Events;
using Realign.Generator.Requests;
using Realign.Generator.Telemetry;
using Realign.Hosting.Access;
using Realign.Hosting.Models;
using Realign.Hosting.Scheduling;
using Realign.V1;

namespace Realign.Generator;

internal sealed class GeneratorGrpcService(ModelHost<ImageGenerator> generator, IOptions<GeneratorOptions> options, DenoisingMetrics metrics)
    : GeneratorService.GeneratorServiceBase
{
    public override async Task Generate(GenerateRequest request, IServerStreamWriter<GenerateResponse> responseStream, ServerCallContext context)
    {
        var wanted = GenerationRequestReader.Read(request, options.Value);
        var rights = CallerRights.Of(context);
        rights.Require(wanted.Adapters.Select(adapter => adapter.Name), wanted.TextualInversions.Select(embedding => embedding.Name));
        var isFromImage = request.InitImage is not null;
        var (work, yields) = generator.Ask(model => (model.WorkOf(wanted, isFromImage), model.CanPause(wanted)));
        var terms = CallTerms.Of(context, work) with { Yields = yields };
        var queued = TimeProvider.System.GetTimestamp();
        var waited = 0.0;
        var megapixelSteps = 0.0;
        var events = new EventQueue();

        var running = generator.RunAsync(token =>
        {
            // counted when it has its place, at the size of its picture
            var ready = InitImageReader.Read(request, wanted, token);
            megapixelSteps = generator.Ask(model => model.MegapixelStepsOf(ready, isFromImage));
            rights.Spend(megapixelSteps);
            return ready;
        }, (model, ready, token) =>
        {
            waited = TimeProvider.System.GetElapsedTime(queued).TotalMilliseconds;
            return model.Generate(ready, events, generator.Yield, token);
        }, terms);
        _ = running.ContinueWith(done => events.Complete(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

        try
        {
            await foreach (var happened in events.ReadAllAsync(context.CancellationToken))
            {
                metrics.Happened(happened);
                await responseStream.WriteAsync(GenerateResponses.Event(happened, megapixelSteps), context.CancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // the call ends when its work has ended
            _ = await running;
            throw;
        }

        var result = GenerateResponses.Result(wanted, await running, options.Value.Name, waited);
        await responseStream.WriteAsync(new GenerateResponse { Result = result }, context.CancellationToken);
    }

    // files are read beside the model's thread: the list answers while it draws
    public override Task<ListAdaptersResponse> ListAdapters(ListAdaptersRequest request, ServerCallContext context)
    {
        var rights = CallerRights.Of(context);
        return Task.Run(
            () => AdapterList.Response(
                generator.Ask(model => model.ListAdapters(context.CancellationToken)).Where(adapter => rights.AllowsAdapter(adapter.Name))),
            context.CancellationToken);
    }
}

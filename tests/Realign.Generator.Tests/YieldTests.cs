using Grpc.Core;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Generator.Tests;

/// <summary>Short calls go before long ones between their steps, and nobody can tell from the images.</summary>
public sealed class YieldTests
{
    [Fact]
    public async Task ShortCallBesideALongOne_EndsFirst_AndBothImagesAreThoseOfCallsAlone()
    {
        await using var service = await TestService.StartAsync(GeneratorApp.Build);
        var client = new GeneratorService.GeneratorServiceClient(service.Channel);
        var longRequest = Requests.Plain(request => (request.NumInferenceSteps, request.Scheduler) = (100, Scheduler.EulerAncestral));
        var shortRequest = Requests.Fine(Requests.Left("red car"), Requests.Right("green apple"));
        shortRequest.HeatMaps = true;
        // alone; the model learns how long they take
        var longAlone = (await RunningGenerator.EventsAsync(client, longRequest))[^1].Result;
        var shortAlone = (await RunningGenerator.EventsAsync(client, shortRequest))[^1].Result;
        _ = await RunningGenerator.EventsAsync(client, shortRequest);
        var tensors = TorchSharp.torch.Tensor.TotalCount;

        using var running = client.Generate(longRequest);
        do
            (await running.ResponseStream.MoveNext(CancellationToken.None).DefaultTimeout()).ShouldBeTrue();
        while (running.ResponseStream.Current.Progress.Step < 3);
        var rest = ResultAsync(running);
        var shortBeside = (await RunningGenerator.EventsAsync(client, shortRequest))[^1].Result;
        var isLongOver = rest.IsCompleted;
        var longBeside = await rest.DefaultTimeout();

        isLongOver.ShouldBeFalse();
        shortBeside.Images.ShouldBe(shortAlone.Images);
        shortBeside.HeatMaps.ShouldBe(shortAlone.HeatMaps);
        longBeside.Images.ShouldBe(longAlone.Images);
        TorchSharp.torch.Tensor.TotalCount.ShouldBe(tensors);
    }

    private static async Task<GenerateResult> ResultAsync(AsyncServerStreamingCall<GenerateResponse> call)
    {
        while (await call.ResponseStream.MoveNext(CancellationToken.None) && call.ResponseStream.Current.Result is null)
        {
        }

        return call.ResponseStream.Current.Result.ShouldNotBeNull();
    }
}

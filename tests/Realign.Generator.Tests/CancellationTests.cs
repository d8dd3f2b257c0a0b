using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Realign.Core.Calls;
using Realign.Diffusion.Generation;
using Realign.Hosting.Models;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Generator.Tests;

/// <summary>Callers that leave, wait too long, or are too many.</summary>
public sealed class CancellationTests
{
    [Fact]
    public async Task CancelWhileDenoising_EndsWithinAStep_AndLeavesNoTensors()
    {
        await using var service = await TestService.StartAsync(GeneratorApp.Build);
        var client = new GeneratorService.GeneratorServiceClient(service.Channel);
        _ = await RunningGenerator.EventsAsync(client, Requests.Plain());
        var before = TorchSharp.torch.Tensor.TotalCount;
        using var cancel = new CancellationTokenSource();
        var seen = 0;

        var failure = await TestService.FailsAsync(async () =>
        {
            using var call = client.Generate(Long(), cancellationToken: cancel.Token);
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
            {
                seen = call.ResponseStream.Current.Progress.Step;
                if (seen == 3)
                    await cancel.CancelAsync();
            }
        });

        failure.StatusCode.ShouldBe(StatusCode.Cancelled);
        // the next call gets its turn only when the cancelled one has stopped
        _ = await RunningGenerator.EventsAsync(client, Requests.Plain());
        seen.ShouldBeLessThan(100);
        TorchSharp.torch.Tensor.TotalCount.ShouldBe(before);
    }

    [Fact]
    public async Task CancelWhileQueued_AnswersAtOnce_AndNeverRuns()
    {
        await using var service = await TestService.StartAsync(GeneratorApp.Build);
        var client = new GeneratorService.GeneratorServiceClient(service.Channel);
        using var stopFirst = new CancellationTokenSource();
        using var first = client.Generate(Long(), cancellationToken: stopFirst.Token);
        _ = await first.ResponseStream.MoveNext(CancellationToken.None).DefaultTimeout();
        using var stopSecond = new CancellationTokenSource();
        using var second = client.Generate(Requests.Plain(), cancellationToken: stopSecond.Token);
        var queued = second.ResponseStream.MoveNext(CancellationToken.None);
        await QueueLengthAsync(service, 1);

        await stopSecond.CancelAsync();

        (await TestService.FailsAsync(() => queued)).StatusCode.ShouldBe(StatusCode.Cancelled);
        (await first.ResponseStream.MoveNext(CancellationToken.None).DefaultTimeout()).ShouldBeTrue();
        await stopFirst.CancelAsync();
    }

    [Fact]
    public async Task FullQueue_IsResourceExhausted_WithATimeToComeBack()
    {
        await using var service = await TestService.StartAsync(GeneratorApp.Build, "--Generator:QueueCapacity=1");
        var client = new GeneratorService.GeneratorServiceClient(service.Channel);
        using var stop = new CancellationTokenSource();
        using var running = client.Generate(Long(), cancellationToken: stop.Token);
        _ = await running.ResponseStream.MoveNext(CancellationToken.None).DefaultTimeout();
        using var waiting = client.Generate(Requests.Plain(), cancellationToken: stop.Token);
        await QueueLengthAsync(service, 1);

        var failure = await TestService.FailsAsync(() => RunningGenerator.EventsAsync(client, Requests.Plain()));

        failure.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        failure.GetRpcStatus()!.GetDetail<Google.Rpc.RetryInfo>()!.RetryDelay.ToTimeSpan().ShouldBeGreaterThan(TimeSpan.Zero);
        await stop.CancelAsync();
    }

    [Fact]
    public async Task ExpiredDeadline_IsDeadlineExceeded()
    {
        await using var service = await TestService.StartAsync(GeneratorApp.Build);
        var client = new GeneratorService.GeneratorServiceClient(service.Channel);

        var expired = await TestService.FailsAsync(() => RunningGenerator.EventsAsync(client, Requests.Plain(), DateTime.UtcNow.AddMilliseconds(-1)));
        var tooShort = await TestService.FailsAsync(() => RunningGenerator.EventsAsync(client, Long(), DateTime.UtcNow.AddMilliseconds(500)));

        expired.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
        tooShort.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
        // and the service is free again
        _ = await RunningGenerator.EventsAsync(client, Requests.Plain());
    }

    [Fact]
    public async Task CallThatCannotEndInItsTime_IsRefusedBeforeItBegins()
    {
        await using var service = await TestService.StartAsync(GeneratorApp.Build);
        var client = new GeneratorService.GeneratorServiceClient(service.Channel);
        for (var i = 0; i < 3; i++)
            _ = await RunningGenerator.EventsAsync(client, Requests.Plain());

        // hundreds of times the work that was just measured, in a second
        var failure = await TestService.FailsAsync(
            () => RunningGenerator.EventsAsync(client, Requests.Plain(request => (request.NumInferenceSteps, request.NumImages) = (999, 16)),
                DateTime.UtcNow.AddSeconds(1)));

        failure.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        failure.Status.Detail.ShouldContain("more than it was given");
        failure.GetRpcStatus()!.GetDetail<Google.Rpc.RetryInfo>().ShouldNotBeNull();
    }

    [Fact]
    public async Task Answers_TellTheDepthOfTheQueue()
    {
        await using var service = await TestService.StartAsync(GeneratorApp.Build);
        var client = new GeneratorService.GeneratorServiceClient(service.Channel);
        using var stop = new CancellationTokenSource();
        using var running = client.Generate(Long(), cancellationToken: stop.Token);
        _ = await running.ResponseStream.MoveNext(CancellationToken.None).DefaultTimeout();

        var failure = await TestService.FailsAsync(() => RunningGenerator.EventsAsync(client, Requests.Plain(request => request.Prompt = "")));

        failure.Trailers.GetValue(CallMetadata.QueueDepth).ShouldBe("1");
        await stop.CancelAsync();
    }

    [Theory]
    [InlineData(CallMetadata.Priority, "urgent")]
    [InlineData(CallMetadata.Tenant, null)]
    public async Task UnusableMetadata_AreNamed(string name, string? value)
    {
        await using var service = await TestService.StartAsync(GeneratorApp.Build);
        var client = new GeneratorService.GeneratorServiceClient(service.Channel);
        using var call = client.Generate(Requests.Plain(), new Metadata { { name, value ?? new string('a', 129) } });

        var failure = await TestService.FailsAsync(() => call.ResponseStream.MoveNext(CancellationToken.None));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldContain(name);
    }

    private static GenerateRequest Long() => Requests.Plain(request => request.NumInferenceSteps = 999);

    private static async Task QueueLengthAsync(TestService service, int length)
    {
        var host = service.Services.GetRequiredService<ModelHost<ImageGenerator>>();
        while (host.QueueLength < length)
            await Task.Yield();
    }
}

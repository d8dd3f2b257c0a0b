using System.Diagnostics;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Realign.Hosting.Models;
using Realign.Hosting.Scheduling;
using Realign.Testing;
using Realign.V1;
using Realign.VisionLanguage.Captioning;
using Shouldly;
using Xunit;

namespace Realign.Captioner.Tests;

/// <summary>Callers who leave, deadlines that pass, queues that are full.</summary>
public sealed class CancellationTests
{
    [Fact]
    public async Task CancelWhileQueued_IsCancelled_AndNeverRuns()
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build);
        using var source = new CancellationTokenSource();
        await using (await Blocker.OccupyAsync<ImageCaptioner>(service))
        {
            var call = CaptionAsync(service, source.Token);
            await QueueLengthAsync(service, 1);

            await source.CancelAsync();

            (await TestService.FailsAsync(() => call)).StatusCode.ShouldBe(StatusCode.Cancelled);
        }

        (await CaptionAsync(service, CancellationToken.None)).NumTokens.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task CancelWhileDecoding_EndsWithinAToken_AndLeavesNoTensors()
    {
        using var model = new EndlessCaptioner();
        await using var service = await TestService.StartAsync(CaptionerApp.Build, $"--Captioner:Model={model.Path}");
        var whole = Stopwatch.StartNew();
        (await CaptionAsync(service, CancellationToken.None)).NumTokens.ShouldBe(EndlessCaptioner.Tokens);
        var uninterrupted = whole.Elapsed;
        var before = TorchSharp.torch.Tensor.TotalCount;

        using var source = new CancellationTokenSource();
        var call = await DecodingAsync(service, () => CaptionAsync(service, source.Token));
        var rest = Stopwatch.StartNew();
        await source.CancelAsync();
        var failure = await TestService.FailsAsync(() => call);
        await IdleAsync(service);

        failure.StatusCode.ShouldBe(StatusCode.Cancelled);
        rest.Elapsed.ShouldBeLessThan(uninterrupted / 2);
        TorchSharp.torch.Tensor.TotalCount.ShouldBe(before);
    }

    [Fact]
    public async Task DeadlineWhileDecoding_IsDeadlineExceeded_AndFreesTheModel()
    {
        using var model = new EndlessCaptioner();
        TimeSpan uninterrupted;
        await using (var other = await TestService.StartAsync(CaptionerApp.Build, $"--Captioner:Model={model.Path}"))
        {
            var whole = Stopwatch.StartNew();
            _ = await CaptionAsync(other, CancellationToken.None);
            uninterrupted = whole.Elapsed;
        }

        // one that has not learned yet how long such calls take: it would refuse this one
        await using var service = await TestService.StartAsync(CaptionerApp.Build, $"--Captioner:Model={model.Path}");
        var rest = Stopwatch.StartNew();
        var failure = await TestService.FailsAsync(() => CaptionAsync(service, CancellationToken.None, DateTime.UtcNow + (uninterrupted / 4)));
        await IdleAsync(service);

        failure.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
        rest.Elapsed.ShouldBeLessThan(uninterrupted * 0.75);
    }

    [Fact]
    public async Task FullQueue_IsResourceExhausted_WithATimeToComeBack()
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build, "--Captioner:QueueCapacity=1");
        using var source = new CancellationTokenSource();
        await using var blocker = await Blocker.OccupyAsync<ImageCaptioner>(service);
        var waiting = CaptionAsync(service, source.Token);
        await QueueLengthAsync(service, 1);

        var failure = await TestService.FailsAsync(() => CaptionAsync(service, CancellationToken.None));

        failure.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        failure.GetRpcStatus()!.GetDetail<Google.Rpc.RetryInfo>()!.RetryDelay.ToTimeSpan().ShouldBeGreaterThan(TimeSpan.Zero);
        // another model of the same service is not concerned
        var answer = await CaptionerServiceTests.Client(service).EmbedTextAsync(new EmbedTextRequest { Texts = { "a" } }).ResponseAsync.DefaultTimeout();
        answer.Embeddings.Shape[0].ShouldBe(1);
        await source.CancelAsync();
        (await TestService.FailsAsync(() => waiting)).StatusCode.ShouldBe(StatusCode.Cancelled);
    }

    private static Task<CaptionResponse> CaptionAsync(TestService service, CancellationToken cancellationToken, DateTime? deadline = null) =>
        CaptionerServiceTests.Client(service).CaptionAsync(
            new CaptionRequest { Image = Scenes.Encoded(), MaxNewTokens = EndlessCaptioner.Tokens }, deadline: deadline,
                cancellationToken: cancellationToken).ResponseAsync.DefaultTimeout();

    /// <summary>Sends a call and returns once the model's thread has begun with it.</summary>
    private static async Task<Task> DecodingAsync(TestService service, Func<Task> send)
    {
        Task call;
        await using (await Blocker.OccupyAsync<ImageCaptioner>(service))
        {
            call = send();
            await QueueLengthAsync(service, 1);
        }

        await QueueLengthAsync(service, 0);
        return call;
    }

    /// <summary>Gets its turn only when whatever runs has stopped.</summary>
    private static Task IdleAsync(TestService service) =>
        service.Services.GetRequiredService<ModelHost<ImageCaptioner>>().RunAsync((_, _) => true, new CallTerms(CancellationToken.None)).DefaultTimeout();

    private static async Task QueueLengthAsync(TestService service, int length)
    {
        var host = service.Services.GetRequiredService<ModelHost<ImageCaptioner>>();
        while (host.QueueLength != length)
            await Task.Yield();
    }
}

using Google.Rpc;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Realign.Hosting.Models;
using Realign.Testing;
using Realign.V1;
using Realign.VisionLanguage.Captioning;
using Shouldly;
using Xunit;

namespace Realign.Captioner.Tests;

/// <summary>What is refused without decoding a picture. The files of these tests have a good header and nothing behind it.</summary>
public sealed class AdmissionTests
{
    [Theory]
    [InlineData(ScoreMethod.Likelihood)]
    [InlineData(ScoreMethod.Clip)]
    public async Task PicturesThatAreTooLargeTogether_AreRefusedByTheirHeaders(ScoreMethod method)
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build);

        var failure = await TestService.FailsAsync(() => CaptionerServiceTests.Client(service).ScorePromptAsync(new ScorePromptRequest
        {
            Method = method,
            Items = { Claimed(8000), Claimed(8000) },
        }).ResponseAsync);

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldContain("64 megapixels");
        failure.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Single().Field.ShouldBe("items[1].image");
    }

    [Fact]
    public async Task GradientsThatAreTooLargeTogether_AreRefusedByTheHeaders()
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build);

        var failure = await TestService.FailsAsync(() => CaptionerServiceTests.Client(service).ScorePromptAsync(new ScorePromptRequest
        {
            Gradient = new GradientOptions(),
            Items = { Claimed(4000) },
        }).ResponseAsync);

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Single().Field.ShouldBe("gradient");
    }

    [Fact]
    public async Task FullQueue_RefusesBeforeAnythingIsDecoded()
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build, "--Captioner:QueueCapacity=1");
        var client = CaptionerServiceTests.Client(service);
        Task waiting;
        await using (await Blocker.OccupyAsync<ImageCaptioner>(service))
        {
            waiting = client.CaptionAsync(new CaptionRequest { Image = Scenes.Encoded() }).ResponseAsync;
            var host = service.Services.GetRequiredService<ModelHost<ImageCaptioner>>();
            while (host.QueueLength != 1)
                await Task.Yield();

            var refused = await TestService.FailsAsync(() => client.ScorePromptAsync(new ScorePromptRequest { Items = { Claimed(4000) } }).ResponseAsync);
            refused.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        }

        await waiting.DefaultTimeout();
        // with room in the queue the same file is found to be broken
        var failure = await TestService.FailsAsync(() => client.ScorePromptAsync(new ScorePromptRequest { Items = { Claimed(4000) } }).ResponseAsync);
        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Single().Field.ShouldBe("items[0].image.encoded");
    }

    private static ScoreItem Claimed(int side) => new() { Image = Pictures.AsRequest(Pictures.Claim(side, side)), Prompt = "a red car" };
}

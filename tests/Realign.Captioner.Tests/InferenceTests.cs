using Grpc.Core;
using Inference;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Captioner.Tests;

/// <summary>The captioner in the Open Inference Protocol gives what its own call gives.</summary>
public sealed class InferenceTests
{
    private static ModelInferRequest Request(params byte[][] files) =>
        new ModelInferRequest { ModelName = "blip2" }.With("image", "BYTES", [files.Length], InferMessages.Blobs(files));

    [Fact]
    public async Task SeveralPictures_HaveTheCaptionsOfTheTypedCall()
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build);
        var client = new CaptionerService.CaptionerServiceClient(service.Channel);
        var ball = await client.CaptionAsync(new CaptionRequest { Image = Pictures.AsRequest(Pictures.Ball()), MaxNewTokens = 8 });
        var blank = await client.CaptionAsync(new CaptionRequest { Image = Pictures.AsRequest(Pictures.Blank(64, 64)), MaxNewTokens = 8 });

        var answer = await service.InferAsync(
            Request(Pictures.Ball(), Pictures.Blank(64, 64)).With("max_new_tokens", "INT32", [1], InferMessages.Raw(8)));

        answer.ReadTexts("caption").ShouldBe([ball.Caption, blank.Caption]);
        answer.Read<float>("logprob").ShouldBe([ball.MeanLogProbability, blank.MeanLogProbability]);
        answer.ShapeOf("caption").ShouldBe([2]);
    }

    [Fact]
    public async Task Prompts_AreOneForAllOrOneForEach()
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build);
        var pictures = Request(Pictures.Ball(), Pictures.Ball());

        var one = await service.InferAsync(pictures.Clone().With("prompt", "BYTES", [1], InferMessages.Texts("a red")));
        var each = await service.InferAsync(pictures.Clone().With("prompt", "BYTES", [2], InferMessages.Texts("a red", "a red")));
        var three = await TestService.FailsAsync(() => service.InferAsync(pictures.Clone().With("prompt", "BYTES", [3], InferMessages.Texts("a", "b", "c"))));

        one.ReadTexts("caption").ShouldBe(each.ReadTexts("caption"));
        three.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        three.Status.Detail.ShouldStartWith("prompt = 3 texts");
    }

    [Fact]
    public async Task LoadedAgain_CaptionsTheSame()
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build, "--OpenInference:AllowModelControl=true");
        var before = await service.InferAsync(Request(Pictures.Ball()));

        _ = await service.Client().RepositoryModelUnloadAsync(new RepositoryModelUnloadRequest { ModelName = "blip2" }).ResponseAsync.DefaultTimeout();
        (await TestService.FailsAsync(() => service.InferAsync(Request(Pictures.Ball())))).StatusCode.ShouldBe(StatusCode.Unavailable);
        _ = await service.Client().RepositoryModelLoadAsync(new RepositoryModelLoadRequest { ModelName = "blip2" }).ResponseAsync.DefaultTimeout();

        (await service.InferAsync(Request(Pictures.Ball()))).ReadTexts("caption").ShouldBe(before.ReadTexts("caption"));
    }
}

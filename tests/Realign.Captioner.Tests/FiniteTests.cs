using Google.Rpc;
using Grpc.Core;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;
using Image = Realign.V1.Image;

namespace Realign.Captioner.Tests;

/// <summary>What a model computes that is not a number is an error that names the entry, never a value under OK.</summary>
public sealed class FiniteTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ClipScore_OfAnImageThatOverflows_NamesItsItem(bool gradient)
    {
        using var model = OverflowingModel.ClipOfBrightImages();
        await using var service = await TestService.StartAsync(CaptionerApp.Build, $"--Captioner:Clip={model.Path}");

        await RefusedAsync("items[1]", "CLIP reward is NaN", () => ScoreAsync(service, ScoreMethod.Clip, gradient, Gray(0.48145466f), Gray(1)));
        // and the service goes on
        var response = await ScoreAsync(service, ScoreMethod.Clip, gradient, Gray(0.48145466f));
        response.Scores.ShouldHaveSingleItem().Score.ShouldBeInRange(-1, 1);
    }

    [Fact]
    public async Task CaptionerThatOverflows_IsNotServed_AndSaysWhy()
    {
        using var model = OverflowingModel.Captioner();
        await using var service = await TestService.StartAsync(CaptionerApp.Build, $"--Captioner:Model={model.Path}");

        var failure = await TestService.FailsAsync(() => CaptionerServiceTests.Client(service)
            .CaptionAsync(new CaptionRequest { Image = Gray(0) }).ResponseAsync);

        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        failure.Status.Detail.ShouldContain("NaN or infinite");
        (await service.HealthAsync()).ShouldBe(Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus.NotServing);
    }

    [Fact]
    public async Task Embedding_ThatOverflows_NamesItsText()
    {
        using var model = OverflowingModel.ClipOfTexts();
        await using var service = await TestService.StartAsync(CaptionerApp.Build, $"--Captioner:Clip={model.Path}");

        await RefusedAsync("texts[0]", "the embedding is NaN",
            () => CaptionerServiceTests.Client(service).EmbedTextAsync(new EmbedTextRequest { Texts = { "a red car" } }).ResponseAsync);
    }

    private static Image Gray(float value) => Scenes.Pixels(pixels => pixels.AsSpan().Fill(value));

    private static Task<ScorePromptResponse> ScoreAsync(TestService service, ScoreMethod method, bool gradient, params Image[] images)
    {
        var request = new ScorePromptRequest { Method = method, Gradient = gradient ? new GradientOptions { DataType = DataType.Float16 } : null };
        request.Items.AddRange(images.Select(image => new ScoreItem { Image = image, Prompt = "a pink elephant" }));
        return CaptionerServiceTests.Client(service).ScorePromptAsync(request).ResponseAsync.DefaultTimeout();
    }

    private static async Task RefusedAsync<T>(string field, string problem, Func<Task<T>> call)
    {
        var failure = await TestService.FailsAsync(call);
        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        failure.Status.Detail.ShouldContain(problem);
        failure.GetRpcStatus()!.GetDetail<ErrorInfo>()!.Metadata["field"].ShouldBe(field);
    }
}

using Grpc.Core;
using Inference;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.SceneScorer.Tests;

/// <summary>The scene scorer in the Open Inference Protocol gives what its own call gives.</summary>
public sealed class InferenceTests
{
    private const string Prompt = "a red car and a pink elephant";

    [Fact]
    public async Task Tags_HaveTheScoresOfTheTypedCall()
    {
        await using var service = await TestService.StartAsync(SceneScorerApp.Build);
        var typed = await new SceneScorerService.SceneScorerServiceClient(service.Channel).ScoreSceneAsync(
            new ScoreSceneRequest { Prompt = Prompt, Tags = { "car", "tree" } }).ResponseAsync.DefaultTimeout();

        var answer = await service.InferAsync(Request(Prompt, "car", "tree"));

        answer.ReadTexts("tag").ShouldBe(typed.Entries.Select(entry => entry.Tag));
        answer.Read<float>("score").ShouldBe(typed.Entries.Select(entry => entry.Score));
        answer.ReadTexts("phrase").ShouldBe(typed.Entries.Select(entry => entry.Phrase));
        answer.ReadTexts("source").ShouldContain("MISSING");
        answer.Parameters["origin"].StringParam.ShouldBe("MODEL");
    }

    [Theory]
    [InlineData("", "car", "prompt")]
    [InlineData(Prompt, "a\tb", "tags[0]")]
    public async Task ChecksOfTheTypedCall_HoldHereToo(string prompt, string tag, string field)
    {
        await using var service = await TestService.StartAsync(SceneScorerApp.Build);

        var failure = await TestService.FailsAsync(() => service.InferAsync(Request(prompt, tag)));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldStartWith(field);
    }

    private static ModelInferRequest Request(string prompt, params string[] tags) => new ModelInferRequest { ModelName = "vicuna" }
        .With("prompt", "BYTES", [1], InferMessages.Texts(prompt)).With("tags", "BYTES", [tags.Length], InferMessages.Texts(tags));
}

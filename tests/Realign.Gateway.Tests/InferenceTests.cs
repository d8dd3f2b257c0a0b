using Grpc.Core;
using Grpc.Health.V1;
using Inference;
using Realign.Gateway.Tests.Fakes;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Gateway.Tests;

/// <summary>The flow in the Open Inference Protocol, as one model.</summary>
public sealed class InferenceTests
{
    private static ModelInferRequest Request(string prompt = "a red car") =>
        new ModelInferRequest { ModelName = "realigndiff" }.With("prompt", "BYTES", [1], InferMessages.Texts(prompt));

    [Fact]
    public async Task Stream_TellsStepsOfItsStages_AndEndsWithTheResult()
    {
        await using var mesh = await FakeMesh.StartAsync();

        var responses = (await mesh.Gateway.StreamAsync(null, Request())).ConvertAll(response => response.InferResponse);

        responses.Count.ShouldBeGreaterThan(2);
        responses.SkipLast(1).ShouldAllBe(response => response.Outputs[0].Name == "step" && response.Parameters["attempt"].Int64Param == 1);
        responses.SkipLast(1).Select(response => response.Parameters["stage"].StringParam).Distinct().ShouldBe(["COARSE", "REFINE"]);
        var last = responses[^1];
        last.ReadBlobs("image").ShouldBe([FakeBehavior.RefinedPng.ToByteArray()]);
        last.Parameters["refined"].BoolParam.ShouldBeTrue();
        last.Parameters["triton_final_response"].BoolParam.ShouldBeTrue();
        last.Parameters["trace_id"].StringParam.Length.ShouldBe(32);
    }

    [Fact]
    public async Task OneAnswer_IsTheResult_AndIsCounted()
    {
        await using var mesh = await FakeMesh.StartAsync();

        var response = await mesh.Gateway.InferAsync(Request().With("seed", "INT64", [1], InferMessages.Raw(7L)));

        response.ReadBlobs("image").ShouldBe([FakeBehavior.RefinedPng.ToByteArray()]);
        mesh.Behavior.Generated.First().Seed.ShouldBe(7ul);
        var statistics = (await mesh.Gateway.Client().ModelStatisticsAsync(new ModelStatisticsRequest())).ModelStats.Single();
        (statistics.Name, statistics.InferenceCount).ShouldBe(("realigndiff", 1ul));
    }

    [Theory]
    [InlineData("prompt", "prompt = empty")]
    [InlineData("seed", "seed = 2")]
    [InlineData("attempts", "attempts = 99")]
    public async Task ChecksOfTheTypedCall_HoldHereToo(string kind, string message)
    {
        await using var mesh = await FakeMesh.StartAsync();
        var request = kind switch
        {
            "prompt" => Request(""),
            "seed" => Request().With("seed", "INT64", [2], InferMessages.Raw(1L, 2L)),
            _ => Request().With("attempts", "INT32", [1], InferMessages.Raw(99)),
        };

        var failure = await TestService.FailsAsync(() => mesh.Gateway.InferAsync(request));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldStartWith(message);
        mesh.Behavior.Generated.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("Tagger", false)]
    [InlineData("Captioner", true)]
    public async Task ReadyIsWhatTheFlowNeeds(string away, bool ready)
    {
        await using var mesh = await FakeMesh.StartAsync([away]);
        var client = mesh.Gateway.Client();

        (await client.ServerReadyAsync(new ServerReadyRequest())).Ready.ShouldBe(ready);
        (await client.ModelReadyAsync(new ModelReadyRequest { Name = "realigndiff" })).Ready.ShouldBe(ready);
        (await client.ServerLiveAsync(new ServerLiveRequest())).Live.ShouldBeTrue();
        (await client.RepositoryIndexAsync(new RepositoryIndexRequest())).Models.Single().State.ShouldBe(ready ? "READY" : "UNAVAILABLE");
        (await mesh.Gateway.HealthAsync("realigndiff")).ShouldBe(
            ready ? HealthCheckResponse.Types.ServingStatus.Serving : HealthCheckResponse.Types.ServingStatus.NotServing);
    }

    [Fact]
    public async Task ModelsOfOthers_AreLoadedThere()
    {
        await using var mesh = await FakeMesh.StartAsync(null, "--OpenInference:AllowModelControl=true");

        var failure = await TestService.FailsAsync(async () =>
            await mesh.Gateway.Client().RepositoryModelUnloadAsync(new RepositoryModelUnloadRequest { ModelName = "realigndiff" }));

        failure.StatusCode.ShouldBe(StatusCode.Unimplemented);
        failure.Status.Detail.ShouldContain("other services");
    }
}

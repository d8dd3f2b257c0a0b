using Grpc.Core;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.SceneScorer.Tests;

/// <summary>What the service does with its model after a call that failed unexpectedly.</summary>
public sealed class ModelCheckTests
{
    [Fact]
    public async Task HealthyModel_AfterAFailedCall_PassesItsCheckAndStays()
    {
        await using var service = await TestService.StartAsync(SceneScorerApp.Build);

        await ModelProbe.PassesAsync<SceneScoring.SceneScorer>(service);
    }

    [Fact]
    public async Task MessageAboveAMegabyte_IsTooLargeWhereNoPictureTravels()
    {
        await using var service = await TestService.StartAsync(SceneScorerApp.Build);
        var client = new SceneScorerService.SceneScorerServiceClient(service.Channel);
        var request = new ExtractEntitiesRequest { Prompt = new string('a', 1 << 20) };

        var failure = await TestService.FailsAsync(() => client.ExtractEntitiesAsync(request).ResponseAsync);

        failure.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        failure.Status.Detail.ShouldContain("larger than 1 MiB");
    }
}

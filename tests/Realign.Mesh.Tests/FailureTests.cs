using Google.Rpc;
using Grpc.Core;
using Realign.Segmenter;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;
using EventCase = Realign.V1.RealignResponse.EventOneofCase;

namespace Realign.Mesh.Tests;

/// <summary>A mesh in which nothing listens where the Segmenter should be.</summary>
public sealed class FailureTests(RunningMesh mesh)
{
    [Fact]
    public async Task UnreachableSegmenter_WithFail_NamesStageAndService()
    {
        await using var gateway = await mesh.StartGatewayAsync(await DeadAddressAsync());
        var events = new List<RealignResponse>();

        var failure = await TestService.FailsAsync(() => RunningMesh.EventsAsync(
            new GatewayService.GatewayServiceClient(gateway.Channel),
            new RealignRequest { Generate = RunningMesh.Request, OnStageFailure = OnStageFailure.Fail },
            response =>
            {
                events.Add(response);
                return Task.CompletedTask;
            }));

        failure.StatusCode.ShouldBe(StatusCode.Unavailable);
        var info = failure.GetRpcStatus()!.GetDetail<ErrorInfo>()!;
        info.Metadata["stage"].ShouldBe("SEGMENT");
        info.Metadata["service"].ShouldBe("segmenter");
        // what was done before stays with the caller
        events.ShouldContain(response => response.EventCase == EventCase.Coarse);
        events.ShouldContain(response => response.EventCase == EventCase.Scene);
        events.ShouldNotContain(response => response.EventCase == EventCase.Refined);
    }

    [Fact]
    public async Task UnreachableSegmenter_WithSkipToCoarse_EndsWithTheCoarseImage()
    {
        await using var gateway = await mesh.StartGatewayAsync(await DeadAddressAsync());

        var events = await RunningMesh.EventsAsync(
            new GatewayService.GatewayServiceClient(gateway.Channel),
            new RealignRequest { Generate = RunningMesh.Request, OnStageFailure = OnStageFailure.SkipToCoarse });

        var failed = events.Single(response => response.EventCase == EventCase.Failed);
        failed.Stage.ShouldBe(Stage.Segment);
        failed.Failed.Code.ShouldBe((int)StatusCode.Unavailable);
        var result = events[^1].Result;
        result.Refined.ShouldBeFalse();
        result.NotRefinedBecause.ShouldContain("segmenter");
        result.Png.ShouldBe(events.Single(response => response.EventCase == EventCase.Coarse).Coarse.Images[0].Png);
    }

    [Theory]
    [InlineData(OnStageFailure.Fail)]
    [InlineData(OnStageFailure.SkipToCoarse)]
    public async Task UnusableModulation_IsRefusedBeforeAnythingIsDrawn(OnStageFailure policy)
    {
        var request = new RealignRequest { Generate = RunningMesh.Request, OnStageFailure = policy };
        request.Generate.Modulation = new Modulation { CrossAttentionWeight = float.NaN };
        var events = new List<RealignResponse>();

        var failure = await TestService.FailsAsync(() => RunningMesh.EventsAsync(mesh.Client, request, response =>
        {
            events.Add(response);
            return Task.CompletedTask;
        }));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Single().Field.ShouldBe("generate.modulation.cross_attention_weight");
        // it is the first stage that refuses
        events.Where(response => response.Attempt > 0).Select(response => (response.EventCase, response.Stage))
            .ShouldBe([(EventCase.AttemptStarted, Stage.Coarse), (EventCase.Started, Stage.Coarse)]);
    }

    private static async Task<string> DeadAddressAsync()
    {
        // its port was free a moment ago and nobody else takes it: nothing listens there
        await using var service = await TestService.StartAsync(SegmenterApp.Build);
        return service.Address;
    }
}

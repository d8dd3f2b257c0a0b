using Grpc.Core;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;
using EventCase = Realign.V1.RealignResponse.EventOneofCase;

namespace Realign.Mesh.Tests;

/// <summary>One prompt through six services and back.</summary>
public sealed class RealignTests(RunningMesh mesh)
{
    [Fact]
    public async Task Prompt_GoesThroughEveryStage_AndComesBackRefined()
    {
        var events = await RunningMesh.EventsAsync(mesh.Client, new RealignRequest { Generate = RunningMesh.Request, Accept = Accept.Always });

        var result = events[^1].Result;
        result.ShouldNotBeNull();
        result.Refined.ShouldBeTrue(result.NotRefinedBecause);
        // the critical path, each stage after the one it needs
        EventCase[] path = [EventCase.Coarse, EventCase.Tags, EventCase.Scene, EventCase.Segments, EventCase.Refined];
        var ends = path.Select(kind => events.FindIndex(response => response.EventCase == kind)).ToList();
        ends.ShouldAllBe(at => at >= 0);
        ends.ShouldBeInOrder();
        // each image is compared with the prompt once there is all that the comparison needs
        var verified = events.FindAll(response => response.EventCase == EventCase.Verification).ConvertAll(response => response.Verification.Picture);
        verified.ShouldBe([PictureKind.Coarse, PictureKind.Refined]);
        events.FindIndex(response => response.EventCase == EventCase.Verification).ShouldBeInRange(ends[3], ends[4]);
        Stage[] stages = [Stage.Coarse, Stage.Tag, Stage.Scene, Stage.Segment, Stage.Refine];
        for (var i = 0; i < stages.Length; i++)
        {
            var start = events.FindIndex(response => response.Stage == stages[i] && response.EventCase == EventCase.Started);
            start.ShouldBeInRange(i == 0 ? 0 : ends[i - 1] + 1, ends[i] - 1);
        }

        events.Single(response => response.EventCase == EventCase.Caption).Caption.Caption.ShouldNotBeEmpty();
        foreach (var stage in (Stage[])[Stage.Coarse, Stage.Refine])
        {
            var steps = events.Where(response => response.Stage == stage && response.EventCase == EventCase.Progress).Select(response =>
                response.Progress.Step).ToList();
            steps.ShouldBe(Enumerable.Range(0, steps.Count));
            steps.Count.ShouldBeGreaterThan(1);
        }
    }

    [Fact]
    public async Task Segments_AreBoundToWordsOfThePrompt_AndChangeTheImage()
    {
        var events = await RunningMesh.EventsAsync(mesh.Client, new RealignRequest { Generate = RunningMesh.Request, Accept = Accept.Always });

        var coarse = events.Single(response => response.EventCase == EventCase.Coarse).Coarse;
        var refined = events.Single(response => response.EventCase == EventCase.Refined).Refined;
        var result = events[^1].Result;
        result.Segments.ShouldNotBeEmpty();
        result.Segments.ShouldAllBe(segment => segment.Mask.Width == 64 && segment.Mask.Counts.Sum(count => (long)count) == 64 * 64);
        refined.Segments.Count.ShouldBe(result.Segments.Count);
        refined.Segments.ShouldAllBe(report => report.TokenIndices.Count > 0 && report.IgnoredBecause == "" && report.Area > 0);
        refined.Images[0].Seed.ShouldBe(coarse.Images[0].Seed);
        refined.Images[0].Png.ShouldNotBe(coarse.Images[0].Png);
        result.Png.ShouldBe(refined.Images[0].Png);
    }

    [Fact]
    public async Task SameSeed_GivesTheSameImageAgain()
    {
        var first = await RunningMesh.EventsAsync(mesh.Client, new RealignRequest { Generate = RunningMesh.Request });
        var second = await RunningMesh.EventsAsync(mesh.Client, new RealignRequest { Generate = RunningMesh.Request });

        second[^1].Result.Png.ShouldBe(first[^1].Result.Png);
    }

    [Fact]
    public async Task RepeatedCalls_LeaveNoTensors()
    {
        _ = await RunningMesh.EventsAsync(mesh.Client, new RealignRequest { Generate = RunningMesh.Request });
        var before = TorchSharp.torch.Tensor.TotalCount;

        for (ulong seed = 0; seed < 3; seed++)
        {
            var request = RunningMesh.Request;
            request.Seed = seed;
            _ = await RunningMesh.EventsAsync(mesh.Client, new RealignRequest { Generate = request });
        }

        TorchSharp.torch.Tensor.TotalCount.ShouldBe(before);
    }

    [Fact]
    public async Task CancelDuringCoarseDenoising_FreesTheGenerator()
    {
        using var cancel = new CancellationTokenSource();
        var request = new RealignRequest { Generate = RunningMesh.Request };
        request.Generate.NumInferenceSteps = 999;
        var lastStep = 0;

        var failure = await TestService.FailsAsync(() => RunningMesh.EventsAsync(mesh.Client, request, async response =>
        {
            lastStep = response.Progress?.Step ?? lastStep;
            if (lastStep == 3)
                await cancel.CancelAsync();
        }, cancel.Token));

        failure.StatusCode.ShouldBe(StatusCode.Cancelled);
        lastStep.ShouldBeLessThan(100);
        // one thread draws: this call is answered only when the cancelled one has left it, and 997 steps would take far longer than a minute allows
        var client = new GeneratorService.GeneratorServiceClient(mesh.Generator.Channel);
        var small = RunningMesh.Request;
        small.NumInferenceSteps = 1;
        using var call = client.Generate(small, cancellationToken: TestContext.Current.CancellationToken);
        var queued = double.MaxValue;
        while (await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken).DefaultTimeout())
            queued = call.ResponseStream.Current.Result?.Timings.Single(timing => timing.Name == "queue").Milliseconds ?? queued;
        queued.ShouldBeLessThan(5_000);
    }
}

using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Realign.Gateway.Tests.Fakes;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;
using Status = Grpc.Core.Status;
using EventCase = Realign.V1.RealignResponse.EventOneofCase;

namespace Realign.Gateway.Tests;

/// <summary>Backends that are away, slow, broken or asked by someone who leaves.</summary>
public sealed class FailureTests
{
    public static TheoryData<string, Stage, string> Backends { get; } = new()
    {
        { "Generator", Stage.Coarse, "generator" },
        { "Tagger", Stage.Tag, "tagger" },
        { "SceneScorer", Stage.Scene, "scene-scorer" },
        { "Segmenter", Stage.Segment, "segmenter" },
    };

    public static TheoryData<Stage> AllStages { get; } = [Stage.Coarse, Stage.Tag, Stage.Caption, Stage.Scene, Stage.Segment, Stage.Refine];

    public static TheoryData<Stage> LaterStages { get; } = [Stage.Tag, Stage.Scene, Stage.Segment, Stage.Refine];

    [Theory]
    [MemberData(nameof(Backends))]
    public async Task UnreachableBackend_IsUnavailableAndNamesStageAndService(string absent, Stage stage, string service)
    {
        await using var mesh = await FakeMesh.StartAsync([absent]);

        var failure = await TestService.FailsAsync(() => Calls.RealignAsync(mesh, "a car"));

        failure.StatusCode.ShouldBe(StatusCode.Unavailable);
        failure.Status.Detail.ShouldContain(service);
        failure.Status.Detail.ShouldContain($"Gateway:{absent}");
        var info = Calls.Info(failure);
        info.Reason.ShouldBe("BACKEND_UNREACHABLE");
        info.Metadata["stage"].ShouldBe(stage.ToString().ToUpperInvariant());
        info.Metadata["service"].ShouldBe(service);
    }

    [Theory]
    [InlineData(OnStageFailure.Fail)]
    [InlineData(OnStageFailure.SkipToCoarse)]
    public async Task UnreachableCaptioner_IsAnEventAndTheFlowGoesOn(OnStageFailure policy)
    {
        await using var mesh = await FakeMesh.StartAsync(["Captioner"]);

        var events = await Calls.RealignAsync(mesh, "a car", request => request.OnStageFailure = policy);

        var failed = events.Single(message => message.EventCase == EventCase.Failed);
        failed.Stage.ShouldBe(Stage.Caption);
        failed.Failed.Code.ShouldBe((int)StatusCode.Unavailable);
        failed.Failed.Message.ShouldContain("captioner");
        events[^1].Result.Refined.ShouldBeTrue();
        events[^1].Result.Png.ShouldBe(FakeBehavior.RefinedPng);
    }

    [Fact]
    public async Task FailedCaption_IsAnEventAndTheFlowGoesOn()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Behavior.Fail(Stage.Caption, StatusCode.FailedPrecondition, "no model");

        var events = await Calls.RealignAsync(mesh, "a car");

        var failed = events.Single(message => message.EventCase == EventCase.Failed);
        (failed.Stage, failed.Failed.Code).ShouldBe((Stage.Caption, (int)StatusCode.FailedPrecondition));
        failed.Failed.Message.ShouldContain("no model");
        events.ShouldNotContain(message => message.EventCase == EventCase.Caption);
        events[^1].Result.Refined.ShouldBeTrue();
        events[^1].Result.NotRefinedBecause.ShouldBeEmpty();
    }

    [Fact]
    public async Task SlowCaption_HoldsUpNothingAndEndsByItsShare()
    {
        await using var mesh = await FakeMesh.StartAsync();
        _ = mesh.Behavior.Hanging.Add(Stage.Caption);

        var events = await Calls.RealignAsync(mesh, "a car", deadline: TimeSpan.FromSeconds(4));

        events.Single(message => message.EventCase == EventCase.Failed).Stage.ShouldBe(Stage.Caption);
        var order = events.Select(message => message.EventCase).ToList();
        order.IndexOf(EventCase.Refined).ShouldBeLessThan(order.IndexOf(EventCase.Failed));
        events[^1].Result.Refined.ShouldBeTrue();
        await mesh.Behavior.Cancelled(Stage.Caption).DefaultTimeout();
    }

    [Theory]
    [MemberData(nameof(LaterStages))]
    public async Task FailedStage_KeepsItsCode(Stage stage)
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Behavior.Fail(stage, StatusCode.FailedPrecondition, "no model");

        var failure = await TestService.FailsAsync(() => Calls.RealignAsync(mesh, "a car"));

        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        failure.Status.Detail.ShouldContain("no model");
        Calls.Info(failure).Metadata["stage"].ShouldBe(stage.ToString().ToUpperInvariant());
    }

    [Fact]
    public async Task ValueTheGeneratorRefuses_IsNamedAsTheCallerSpellsIt()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var status = new Google.Rpc.Status { Code = (int)Code.InvalidArgument, Message = "num_inference_steps = 0: outside 1..1000" };
        status.Details.Add(Any.Pack(new BadRequest { FieldViolations = { new BadRequest.Types.FieldViolation { Field = "num_inference_steps" } } }));
        mesh.Behavior.Generate = _ => throw status.ToRpcException();

        var failure = await TestService.FailsAsync(() => Calls.RealignAsync(mesh, "a car"));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Single().Field.ShouldBe("generate.num_inference_steps");
    }

    [Theory]
    [MemberData(nameof(LaterStages))]
    public async Task SkipToCoarse_EndsWellWithTheCoarseImage(Stage stage)
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Behavior.Fail(stage, StatusCode.Internal, "broken");

        var events = await Calls.RealignAsync(mesh, "a car", request => request.OnStageFailure = OnStageFailure.SkipToCoarse);

        var failed = events.Single(message => message.EventCase == EventCase.Failed);
        failed.Stage.ShouldBe(stage);
        failed.Failed.Code.ShouldBe((int)StatusCode.Internal);
        var result = events[^1].Result;
        result.Refined.ShouldBeFalse();
        result.Png.ShouldBe(FakeBehavior.CoarsePng);
        result.NotRefinedBecause.ShouldContain("broken");
    }

    [Fact]
    public async Task DemandThatIsNotReadYet_DoesNotFollowTheResult()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Behavior.Fail(Stage.Scene, StatusCode.Internal, "broken");
        _ = mesh.Behavior.HangingReaders.Add(Reader.Demand);

        var events = await Calls.RealignAsync(mesh, "a car", request => request.OnStageFailure = OnStageFailure.SkipToCoarse);

        events.ShouldContain(message => message.EventCase == EventCase.Demand);
        events[^1].EventCase.ShouldBe(EventCase.Result);
    }

    [Fact]
    public async Task SkipToCoarse_WithoutACoarseImage_Fails()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Behavior.Fail(Stage.Coarse, StatusCode.Internal, "broken");

        var failure = await TestService.FailsAsync(() => Calls.RealignAsync(mesh, "a car", request => request.OnStageFailure = OnStageFailure.SkipToCoarse));

        Calls.Info(failure).Metadata["stage"].ShouldBe("COARSE");
    }

    [Theory]
    [MemberData(nameof(AllStages))]
    public async Task CallerLeaves_CancelReachesTheBackendInFlight(Stage stage)
    {
        await using var mesh = await FakeMesh.StartAsync();
        _ = mesh.Behavior.Hanging.Add(stage);
        using var caller = new CancellationTokenSource();
        var call = Calls.RealignAsync(mesh, "a car", cancellationToken: caller.Token);
        await mesh.Behavior.Entered(stage).DefaultTimeout();

        await caller.CancelAsync();

        await mesh.Behavior.Cancelled(stage).DefaultTimeout();
        var failure = await TestService.FailsAsync(() => call);
        // a client that was about to read an event at that very moment says that its stream was lost
        failure.StatusCode.ShouldBeOneOf(StatusCode.Cancelled, StatusCode.Unavailable);
    }

    [Fact]
    public async Task SlowStage_IsCutOffByItsShareOfTheDeadline()
    {
        await using var mesh = await FakeMesh.StartAsync();
        _ = mesh.Behavior.Hanging.Add(Stage.Tag);

        var events = await Calls.RealignAsync(
            mesh, "a car", request => request.OnStageFailure = OnStageFailure.SkipToCoarse, deadline: TimeSpan.FromSeconds(4));

        events.Single(message => message.EventCase == EventCase.Failed).Failed.Code.ShouldBe((int)StatusCode.DeadlineExceeded);
        events[^1].Result.Png.ShouldBe(FakeBehavior.CoarsePng);
        await mesh.Behavior.Cancelled(Stage.Tag).DefaultTimeout();
    }

    [Fact]
    public async Task SlowStage_PolicyFail_IsDeadlineExceededAndNamesTheStage()
    {
        await using var mesh = await FakeMesh.StartAsync();
        _ = mesh.Behavior.Hanging.Add(Stage.Scene);

        var failure = await TestService.FailsAsync(() => Calls.RealignAsync(mesh, "a car", deadline: TimeSpan.FromSeconds(4)));

        failure.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
        Calls.Info(failure).Metadata["stage"].ShouldBe("SCENE");
    }

    [Fact]
    public async Task ExpiredDeadline_IsDeadlineExceeded()
    {
        await using var mesh = await FakeMesh.StartAsync();

        var failure = await TestService.FailsAsync(() => Calls.RealignAsync(mesh, "a car", deadline: TimeSpan.FromSeconds(-1)));

        failure.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
    }

    [Fact]
    public async Task FailedStage_PolicyFail_CancelsTheCaption()
    {
        await using var mesh = await FakeMesh.StartAsync();
        _ = mesh.Behavior.Hanging.Add(Stage.Caption);
        var captioning = mesh.Behavior.Entered(Stage.Caption);
        mesh.Behavior.Tag = _ =>
        {
            captioning.Wait(TimeSpan.FromSeconds(30)).ShouldBeTrue();
            throw new RpcException(new Status(StatusCode.NotFound, "no such model"));
        };

        var failure = await TestService.FailsAsync(() => Calls.RealignAsync(mesh, "a car"));

        failure.StatusCode.ShouldBe(StatusCode.NotFound);
        Calls.Info(failure).Metadata["stage"].ShouldBe("TAG");
        await mesh.Behavior.Cancelled(Stage.Caption).DefaultTimeout();
    }

    [Fact]
    public async Task UnavailableBeforeTheFirstMessage_IsTriedAgain()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Behavior.Fail(Stage.Coarse, StatusCode.Unavailable, "loading");
        mesh.Behavior.Fail(Stage.Tag, StatusCode.Unavailable, "loading", times: 2);

        var events = await Calls.RealignAsync(mesh, "a car");

        events[^1].Result.Refined.ShouldBeTrue();
        mesh.Behavior.Calls(Stage.Coarse).ShouldBe(2);
        mesh.Behavior.Calls(Stage.Tag).ShouldBe(3);
    }

    [Fact]
    public async Task UnavailableAfterTheFirstMessage_IsNotTriedAgain()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Behavior.Generate = _ => [new GenerateResponse { Progress = new GenerateProgress { Step = 0, TotalSteps = 9 } }];
        mesh.Behavior.AfterFirstMessage[Stage.Coarse] = new([new Status(StatusCode.Unavailable, "going down")]);

        var failure = await TestService.FailsAsync(() => Calls.RealignAsync(mesh, "a car"));

        failure.StatusCode.ShouldBe(StatusCode.Unavailable);
        mesh.Behavior.Calls(Stage.Coarse).ShouldBe(1);
    }

    [Fact]
    public async Task StreamWithoutAResult_IsInternalAndNamesTheService()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Behavior.Generate = _ => [new GenerateResponse { Progress = new GenerateProgress { Step = 0, TotalSteps = 9 } }];

        var failure = await TestService.FailsAsync(() => Calls.RealignAsync(mesh, "a car"));

        failure.StatusCode.ShouldBe(StatusCode.Internal);
        Calls.Info(failure).Reason.ShouldBe("BACKEND_CONTRACT");
        Calls.Info(failure).Metadata["service"].ShouldBe("generator");
    }

    [Fact]
    public async Task UnknownOrCancelledFromABackend_IsNotHandedOn()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Behavior.Fail(Stage.Segment, StatusCode.Unknown, "whatever");
        mesh.Behavior.Fail(Stage.Segment, StatusCode.Cancelled, "not by us");

        for (var call = 0; call < 2; call++)
            (await TestService.FailsAsync(() => Calls.RealignAsync(mesh, "a car"))).StatusCode.ShouldBe(StatusCode.Internal);
    }

    [Fact]
    public async Task AnswerAboveTheLimit_IsInternalAndNamesStageAndSetting()
    {
        await using var mesh = await FakeMesh.StartAsync(null, "--Hosting:MaxMessageMegabytes=1");
        mesh.Behavior.Tag = _ => new TagResponse { Tags = { new Tag { Name = new string('a', 2 << 20) } } };

        var failure = await TestService.FailsAsync(() => Calls.RealignAsync(mesh, "a car"));

        failure.StatusCode.ShouldBe(StatusCode.Internal);
        failure.Status.Detail.ShouldContain("Hosting:MaxMessageMegabytes");
        Calls.Info(failure).Metadata["stage"].ShouldBe("TAG");
    }

    [Fact]
    public async Task RequestAboveTheLimit_IsResourceExhausted()
    {
        await using var mesh = await FakeMesh.StartAsync(null, "--Hosting:MaxMessageMegabytes=1");

        var failure = await TestService.FailsAsync(() => Calls.RealignAsync(mesh, new string('a', 2 << 20)));

        failure.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
    }
}

using Google.Rpc;
using Grpc.Core;
using Realign.Gateway.Tests.Fakes;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;
using EventCase = Realign.V1.RealignResponse.EventOneofCase;
using Status = Grpc.Core.Status;

namespace Realign.Gateway.Tests;

/// <summary>Attempts that fail, deadlines, and what is wrong with a request for several.</summary>
public sealed class AttemptFailureTests
{
    [Theory]
    [InlineData(OnStageFailure.Fail, Stage.Coarse)]
    [InlineData(OnStageFailure.Fail, Stage.Tag)]
    [InlineData(OnStageFailure.SkipToCoarse, Stage.Coarse)]
    [InlineData(OnStageFailure.SkipToCoarse, Stage.Refine)]
    public async Task FurtherAttemptThatFails_EndsTheAttemptsWithTheBestSoFar(OnStageFailure policy, Stage stage)
    {
        await using var mesh = await NumberedMesh.StartAsync(_ => NumberedMesh.Wrong);
        var began = 0;
        FailFrom(mesh, stage, () => ++began >= 2, StatusCode.Internal);

        var events = await NumberedMesh.RealignAsync(mesh, 4, 7, request => request.OnStageFailure = policy);

        // the caption of an attempt that failed may be given up
        var failed = events.Single(message => message.EventCase == EventCase.Failed && message.Stage != Stage.Caption);
        (failed.Attempt, failed.Stage, failed.Failed.Code).ShouldBe((2, stage, (int)StatusCode.Internal));
        var result = events[^1].Result;
        (result.Accepted.Attempt, result.Accepted.Reason).ShouldBe((1, AcceptReason.AttemptFailed));
        result.Png.ToStringUtf8().ShouldBe("refined image 7");
        result.Attempts.Select(report => report.Attempt).ShouldBe([1, 2]);
        result.Attempts[1].Note.ShouldContain("broken");
    }

    [Fact]
    public async Task ImageOfAFailedAttempt_IsNotLost()
    {
        await using var mesh = await NumberedMesh.StartAsync(image => image.EndsWith('8') ? Seen.RedCar : Seen.Nothing);
        var began = 0;
        FailFrom(mesh, Stage.Refine, () => ++began >= 2, StatusCode.Unavailable);

        var result = (await NumberedMesh.RealignAsync(mesh, 4, 7))[^1].Result;

        (result.Accepted.Attempt, result.Accepted.Picture, result.Accepted.Reason).ShouldBe((2, PictureKind.Coarse, AcceptReason.AttemptFailed));
        result.NotRefinedBecause.ShouldContain("broken");
    }

    [Fact]
    public async Task FirstAttemptThatFails_EndsTheCallAsItsPolicySays()
    {
        await using var mesh = await NumberedMesh.StartAsync(_ => NumberedMesh.Wrong);
        mesh.Behavior.Fail(Stage.Tag, StatusCode.Internal, "broken", times: 2);

        var failure = await TestService.FailsAsync(() => NumberedMesh.RealignAsync(mesh, 4, 7));
        var events = await NumberedMesh.RealignAsync(mesh, 4, 7, request => request.OnStageFailure = OnStageFailure.SkipToCoarse);

        failure.StatusCode.ShouldBe(StatusCode.Internal);
        Calls.Info(failure).Metadata["stage"].ShouldBe("TAG");
        var result = events[^1].Result;
        result.Attempts.ShouldHaveSingleItem();
        (result.Accepted.Picture, result.Accepted.Reason).ShouldBe((PictureKind.Coarse, AcceptReason.AttemptFailed));
        result.Verification.ShouldBeNull();
        result.NotRefinedBecause.ShouldContain("broken");
    }

    [Fact]
    public async Task DeadlineShorterThanAnAttempt_IsTheDeadlineOfTheFirstStage()
    {
        await using var mesh = await NumberedMesh.StartAsync(_ => NumberedMesh.Wrong);
        _ = mesh.Behavior.Hanging.Add(Stage.Refine);

        var failure = await TestService.FailsAsync(() => NumberedMesh.RealignAsync(mesh, 4, 7, deadline: TimeSpan.FromSeconds(3)));
        var events = await NumberedMesh.RealignAsync(mesh, 4, 7, request => request.OnStageFailure = OnStageFailure.SkipToCoarse, TimeSpan.FromSeconds(3));

        failure.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
        Calls.Info(failure).Metadata["stage"].ShouldBe("REFINE");
        var result = events[^1].Result;
        (result.Accepted.Attempt, result.Accepted.Picture, result.Accepted.Reason).ShouldBe((1, PictureKind.Coarse, AcceptReason.Deadline));
        result.Attempts.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task DeadlineThatLeavesNoTimeForAnother_EndsBetweenTwoAttempts()
    {
        await using var mesh = await NumberedMesh.StartAsync(_ => NumberedMesh.Wrong);
        // a reader that takes its share of VERIFY makes an attempt last 0.8 s
        _ = mesh.Behavior.HangingReaders.Add(Reader.Likelihood);

        var result = (await NumberedMesh.RealignAsync(mesh, 16, 7, deadline: TimeSpan.FromSeconds(8)))[^1].Result;

        result.Accepted.Reason.ShouldBe(AcceptReason.Deadline);
        result.Accepted.Attempt.ShouldBe(1);
        result.Attempts.Count.ShouldBeInRange(2, 9);
        result.Attempts.ShouldAllBe(report => report.Refined != null && report.Note == "");
        result.TotalMilliseconds.ShouldBeLessThan(8_000);
    }

    [Fact]
    public async Task DeadlineInsideAFurtherAttempt_GivesTheBestSoFar()
    {
        await using var mesh = await NumberedMesh.StartAsync(image => image == "refined image 7" ? Seen.RedCar : Seen.Nothing);
        var generate = mesh.Behavior.Generate;
        mesh.Behavior.Generate = request =>
        {
            if (request.Seed == 8 && request.Modulation is null)
                _ = mesh.Behavior.Hanging.Add(Stage.Tag);
            return generate(request);
        };

        var events = await NumberedMesh.RealignAsync(mesh, 4, 7, deadline: TimeSpan.FromSeconds(4));

        var failed = events.Single(message => message.EventCase == EventCase.Failed && message.Stage != Stage.Caption);
        (failed.Attempt, failed.Stage, failed.Failed.Code).ShouldBe((2, Stage.Tag, (int)StatusCode.DeadlineExceeded));
        var result = events[^1].Result;
        (result.Accepted.Attempt, result.Accepted.Picture, result.Accepted.Reason).ShouldBe((1, PictureKind.Refined, AcceptReason.Deadline));
        await mesh.Behavior.Cancelled(Stage.Tag).DefaultTimeout();
    }

    [Fact]
    public async Task CallerLeaves_DuringTheSecondAttempt_CancelReachesTheGenerator()
    {
        await using var mesh = await NumberedMesh.StartAsync(_ => NumberedMesh.Wrong);
        var generate = mesh.Behavior.Generate;
        mesh.Behavior.Generate = request =>
        {
            if (request.Modulation is not null)
                _ = mesh.Behavior.Hanging.Add(Stage.Coarse);
            return generate(request);
        };
        using var caller = new CancellationTokenSource();
        var call = Calls.RealignAsync(mesh, "a red car and a bus", request => request.Attempts = 4, cancellationToken: caller.Token);
        await mesh.Behavior.Waiting(Stage.Coarse).DefaultTimeout();

        await caller.CancelAsync();

        await mesh.Behavior.Cancelled(Stage.Coarse).DefaultTimeout();
        (await TestService.FailsAsync(() => call)).StatusCode.ShouldBe(StatusCode.Cancelled);
        mesh.Behavior.Calls(Stage.Coarse).ShouldBe(2);
    }

    [Theory]
    [InlineData(0, Accept.Unspecified, "outside 1..16")]
    [InlineData(17, Accept.Verified, "outside 1..16")]
    [InlineData(-1, Accept.Always, "outside 1..16")]
    [InlineData(2, Accept.Always, "ACCEPT_VERIFIED")]
    public async Task UnusableAttempts_AreInvalid(int attempts, Accept accept, string text)
    {
        await using var mesh = await FakeMesh.StartAsync();

        var failure = await TestService.FailsAsync(
            () => Calls.RealignAsync(mesh, "a red car", request => (request.Attempts, request.Accept) = (attempts, accept)));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldContain(text);
        failure.Status.Detail.ShouldContain(FormattableString.Invariant($"attempts = {attempts}"));
        failure.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Single().Field.ShouldBe("attempts");
        mesh.Behavior.Calls(Stage.Coarse).ShouldBe(0);
    }

    [Fact]
    public async Task UnknownAccept_IsInvalid()
    {
        await using var mesh = await FakeMesh.StartAsync();

        var failure = await TestService.FailsAsync(() => Calls.RealignAsync(mesh, "a red car", request => request.Accept = (Accept)9));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Single().Field.ShouldBe("accept");
    }

    private static void FailFrom(FakeMesh mesh, Stage stage, Func<bool> isDue, StatusCode code)
    {
        if (stage == Stage.Tag)
        {
            var tag = mesh.Behavior.Tag;
            mesh.Behavior.Tag = request =>
                FakeBehavior.IsCoarse(request.Image) && isDue() ? throw new RpcException(new Status(code, "broken")) : tag(request);
            return;
        }

        var generate = mesh.Behavior.Generate;
        mesh.Behavior.Generate = request => (request.Modulation is null) == (stage == Stage.Coarse) && isDue()
            ? throw new RpcException(new Status(code, "broken"))
            : generate(request);
    }
}

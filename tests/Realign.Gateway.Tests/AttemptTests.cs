using Google.Protobuf;
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

/// <summary>Several attempts, and which image becomes the result.</summary>
public sealed class AttemptTests
{
    private static readonly Entity[] _demand = [Seen.Entity("car", "red"), Seen.Entity("bus")];

    [Fact]
    public async Task WithoutAVerifiedImage_AllAttemptsAreMade_WithFurtherSeeds()
    {
        await using var mesh = await StartAsync(_ => Seen.Nothing);

        var events = await RealignAsync(mesh, 3, 7);

        mesh.Behavior.Generated.Where(request => request.Modulation is null).Select(request => request.Seed).ShouldBe([7ul, 8ul, 9ul]);
        events.Where(message => message.EventCase == EventCase.AttemptStarted).Select(message =>
            (message.Attempt, message.AttemptStarted.Attempts, message.AttemptStarted.Seed)).ShouldBe([(1, 3, 7ul), (2, 3, 8ul), (3, 3, 9ul)]);
        var result = events[^1].Result;
        result.Accepted.Reason.ShouldBe(AcceptReason.BestOfAttempts);
        result.Attempts.Select(report => (report.Attempt, report.Seed)).ShouldBe([(1, 7ul), (2, 8ul), (3, 9ul)]);
        result.Attempts.ShouldAllBe(report => report.Coarse != null);
        result.Timings.Select(timing => timing.Attempt).Distinct().ShouldBe([1, 2, 3]);
        // every event belongs to an attempt, but for what the whole call is told
        events.Where(message => message.Attempt == 0).Select(message => message.EventCase)
            .ShouldBe([EventCase.Demand, EventCase.Accepted, EventCase.Result], ignoreOrder: true);
        events[^2].Accepted.ShouldBe(result.Accepted);
    }

    [Fact]
    public async Task FirstVerifiedImage_EndsTheAttempts()
    {
        await using var mesh = await StartAsync(image => image.StartsWith("refined", StringComparison.Ordinal) && image.EndsWith('8') ? Right : Wrong);

        var events = await RealignAsync(mesh, 16, 7);

        var result = events[^1].Result;
        (result.Accepted.Attempt, result.Accepted.Picture, result.Accepted.Reason).ShouldBe((2, Picture.Refined, AcceptReason.Verified));
        result.Png.ToStringUtf8().ShouldBe("refined image 8");
        result.Refined.ShouldBeTrue();
        result.Verification.Verified.ShouldBeTrue();
        result.Attempts.Count.ShouldBe(2);
    }

    [Fact]
    public async Task CoarseImageThatShowsEverything_IsTheResult_AndNothingIsRefined()
    {
        await using var mesh = await StartAsync(_ => Right);

        var events = await RealignAsync(mesh, 16, 7);

        events.Count(message => message.EventCase == EventCase.Verification).ShouldBe(1);
        events.ShouldNotContain(message => message.Stage == Stage.Refine);
        var result = events[^1].Result;
        (result.Accepted.Attempt, result.Accepted.Picture, result.Accepted.Reason).ShouldBe((1, Picture.Coarse, AcceptReason.Verified));
        result.Attempts.ShouldHaveSingleItem().Refined.ShouldBeNull();
    }

    [Fact]
    public async Task RefinedImageThatIsWorse_IsNotTheResult()
    {
        await using var mesh = await StartAsync(image => image.StartsWith("coarse", StringComparison.Ordinal)
            ? Seen.RedCar
            : Seen.Nothing with { Likelihood = -0.1f });

        var result = (await RealignAsync(mesh, 1, 7))[^1].Result;

        result.Png.ToStringUtf8().ShouldBe("coarse image 7");
        (result.Refined, result.Accepted.Picture, result.Accepted.Reason).ShouldBe((false, Picture.Coarse, AcceptReason.BestOfAttempts));
        result.NotRefinedBecause.ShouldContain("0 contradicted, 2 missing, 0 unknown: not better");
        result.Segments.ShouldNotBeEmpty();
        result.Attempts[0].Refined.Missing.ShouldBe(2);
    }

    [Fact]
    public async Task Best_HasLeastWrong_ThenFewestContradictions_ThenTheLargestLikelihood()
    {
        var places = new Dictionary<string, Seen>
        {
            // the car is there in blue: one contradiction, nothing missing
            ["1"] = Wrong with { Likelihood = -0.1f },
            // both missing
            ["2"] = Seen.Nothing with { Likelihood = -0.2f },
            // one missing
            ["3"] = Seen.RedCar with { Likelihood = -3 },
            ["4"] = Seen.RedCar with { Likelihood = -2 },
            ["5"] = Seen.RedCar with { Likelihood = -2.5f },
        };
        await using var mesh = await StartAsync(image => places[image[^1..]]);

        var result = (await RealignAsync(mesh, 5, 1))[^1].Result;

        // equal images: the refined one
        (result.Accepted.Attempt, result.Accepted.Picture, result.Accepted.Reason).ShouldBe((4, Picture.Refined, AcceptReason.BestOfAttempts));
        result.Verification.LogLikelihood.ShouldBe(-2);
        result.Accepted.Text.ShouldContain("0 contradicted, 1 missing");
    }

    [Fact]
    public async Task EmptyImage_ContradictsNothing_AndIsWorseThanAWrongColor()
    {
        await using var mesh = await StartAsync(image => image[^1] == '1' ? Wrong with { Likelihood = -3 } : Seen.Nothing with { Likelihood = -0.1f });

        var result = (await RealignAsync(mesh, 2, 1))[^1].Result;

        result.Accepted.Attempt.ShouldBe(1);
        (result.Verification.Contradicted, result.Verification.Missing).ShouldBe((1, 0));
    }

    [Fact]
    public async Task UnsetSeed_IsTheOneThatTheFirstImageReports()
    {
        await using var mesh = await StartAsync(_ => Seen.Nothing);

        var events = await Calls.RealignAsync(mesh, "a red car and a bus", request => request.Attempts = 2);

        events.Where(message => message.EventCase == EventCase.AttemptStarted).Select(message => message.AttemptStarted.HasSeed).ShouldBe([false, true]);
        mesh.Behavior.Generated.Where(request => request.Modulation is null).Select(request => request.Seed).ShouldBe([0ul, 4712ul]);
        events[^1].Result.Attempts.Select(report => report.Seed).ShouldBe([4711ul, 4712ul]);
    }

    [Fact]
    public async Task SeedsWrapAtTheEndOfTheirRange()
    {
        await using var mesh = await StartAsync(_ => Seen.Nothing);

        var events = await RealignAsync(mesh, 3, ulong.MaxValue);

        events[^1].Result.Attempts.Select(report => report.Seed).ShouldBe([ulong.MaxValue, 0ul, 1ul]);
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

    [Fact]
    public async Task Always_RefinesWhatIsRight_AndTakesWhatIsWorse()
    {
        await using var mesh = await StartAsync(image => image.StartsWith("coarse", StringComparison.Ordinal) ? Right : Seen.Nothing);

        var result = (await RealignAsync(mesh, 1, 7, request => request.Accept = Accept.Always))[^1].Result;

        result.Png.ToStringUtf8().ShouldBe("refined image 7");
        (result.Refined, result.Accepted.Picture, result.Accepted.Reason).ShouldBe((true, Picture.Refined, AcceptReason.Always));
        result.Verification.Missing.ShouldBe(2);
        result.Attempts[0].Coarse.Verified.ShouldBeTrue();
    }

    [Theory]
    [InlineData(OnStageFailure.Fail, Stage.Coarse)]
    [InlineData(OnStageFailure.Fail, Stage.Tag)]
    [InlineData(OnStageFailure.SkipToCoarse, Stage.Coarse)]
    [InlineData(OnStageFailure.SkipToCoarse, Stage.Refine)]
    public async Task FurtherAttemptThatFails_EndsTheAttemptsWithTheBestSoFar(OnStageFailure policy, Stage stage)
    {
        await using var mesh = await StartAsync(_ => Wrong);
        var began = 0;
        FailFrom(mesh, stage, () => ++began >= 2, StatusCode.Internal);

        var events = await RealignAsync(mesh, 4, 7, request => request.OnStageFailure = policy);

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
        await using var mesh = await StartAsync(image => image.EndsWith('8') ? Seen.RedCar : Seen.Nothing);
        var began = 0;
        FailFrom(mesh, Stage.Refine, () => ++began >= 2, StatusCode.Unavailable);

        var result = (await RealignAsync(mesh, 4, 7))[^1].Result;

        (result.Accepted.Attempt, result.Accepted.Picture, result.Accepted.Reason).ShouldBe((2, Picture.Coarse, AcceptReason.AttemptFailed));
        result.NotRefinedBecause.ShouldContain("broken");
    }

    [Fact]
    public async Task FirstAttemptThatFails_EndsTheCallAsItsPolicySays()
    {
        await using var mesh = await StartAsync(_ => Wrong);
        mesh.Behavior.Fail(Stage.Tag, StatusCode.Internal, "broken", times: 2);

        var failure = await TestService.FailsAsync(() => RealignAsync(mesh, 4, 7));
        var events = await RealignAsync(mesh, 4, 7, request => request.OnStageFailure = OnStageFailure.SkipToCoarse);

        failure.StatusCode.ShouldBe(StatusCode.Internal);
        Calls.Info(failure).Metadata["stage"].ShouldBe("TAG");
        var result = events[^1].Result;
        result.Attempts.ShouldHaveSingleItem();
        (result.Accepted.Picture, result.Accepted.Reason).ShouldBe((Picture.Coarse, AcceptReason.AttemptFailed));
        result.Verification.ShouldBeNull();
        result.NotRefinedBecause.ShouldContain("broken");
    }

    [Fact]
    public async Task DeadlineShorterThanAnAttempt_IsTheDeadlineOfTheFirstStage()
    {
        await using var mesh = await StartAsync(_ => Wrong);
        _ = mesh.Behavior.Hanging.Add(Stage.Refine);

        var failure = await TestService.FailsAsync(() => RealignAsync(mesh, 4, 7, deadline: TimeSpan.FromSeconds(3)));
        var events = await RealignAsync(mesh, 4, 7, request => request.OnStageFailure = OnStageFailure.SkipToCoarse, TimeSpan.FromSeconds(3));

        failure.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
        Calls.Info(failure).Metadata["stage"].ShouldBe("REFINE");
        var result = events[^1].Result;
        (result.Accepted.Attempt, result.Accepted.Picture, result.Accepted.Reason).ShouldBe((1, Picture.Coarse, AcceptReason.Deadline));
        result.Attempts.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task DeadlineThatLeavesNoTimeForAnother_EndsBetweenTwoAttempts()
    {
        await using var mesh = await StartAsync(_ => Wrong);
        // a reader that takes its share of VERIFY makes an attempt last 0.8 s
        _ = mesh.Behavior.HangingReaders.Add(Reader.Likelihood);

        var result = (await RealignAsync(mesh, 16, 7, deadline: TimeSpan.FromSeconds(8)))[^1].Result;

        result.Accepted.Reason.ShouldBe(AcceptReason.Deadline);
        result.Accepted.Attempt.ShouldBe(1);
        result.Attempts.Count.ShouldBeInRange(2, 9);
        result.Attempts.ShouldAllBe(report => report.Refined != null && report.Note == "");
        result.TotalMilliseconds.ShouldBeLessThan(8_000);
    }

    [Fact]
    public async Task DeadlineInsideAFurtherAttempt_GivesTheBestSoFar()
    {
        await using var mesh = await StartAsync(image => image == "refined image 7" ? Seen.RedCar : Seen.Nothing);
        var generate = mesh.Behavior.Generate;
        mesh.Behavior.Generate = request =>
        {
            if (request.Seed == 8 && request.Modulation is null)
                _ = mesh.Behavior.Hanging.Add(Stage.Tag);
            return generate(request);
        };

        var events = await RealignAsync(mesh, 4, 7, deadline: TimeSpan.FromSeconds(4));

        var failed = events.Single(message => message.EventCase == EventCase.Failed && message.Stage != Stage.Caption);
        (failed.Attempt, failed.Stage, failed.Failed.Code).ShouldBe((2, Stage.Tag, (int)StatusCode.DeadlineExceeded));
        var result = events[^1].Result;
        (result.Accepted.Attempt, result.Accepted.Picture, result.Accepted.Reason).ShouldBe((1, Picture.Refined, AcceptReason.Deadline));
        await mesh.Behavior.Cancelled(Stage.Tag).DefaultTimeout();
    }

    [Fact]
    public async Task CallerLeaves_DuringTheSecondAttempt_CancelReachesTheGenerator()
    {
        await using var mesh = await StartAsync(_ => Wrong);
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

    /// <summary>A red car and a bus.</summary>
    private static Seen Right => new()
    {
        Found = { ["car"] = [Seen.Colored(0, 4, 0.8f, ("red", 1))], ["bus"] = [Seen.Colored(5, 9, 0.8f, ("blue", 1))] },
    };

    /// <summary>A blue car and a bus.</summary>
    private static Seen Wrong => new()
    {
        Found = { ["car"] = [Seen.Colored(0, 4, 0.8f, ("blue", 1))], ["bus"] = [Seen.Colored(5, 9, 0.8f, ("blue", 1))] },
    };

    private static async Task<FakeMesh> StartAsync(Func<string, Seen> pick)
    {
        var mesh = await FakeMesh.StartAsync();
        Seen.Show(mesh, pick, _demand);
        NumberImages(mesh);
        return mesh;
    }

    /// <summary>Every image says its seed, and something is always located.</summary>
    private static void NumberImages(FakeMesh mesh)
    {
        var (generate, segment) = (mesh.Behavior.Generate, mesh.Behavior.Segment);
        mesh.Behavior.Generate = request =>
        {
            var generated = generate(request).ToList();
            var image = generated[^1].Result.Images[0];
            image.Png = ByteString.CopyFromUtf8(FormattableString.Invariant($"{image.Png.ToStringUtf8()} {image.Seed}"));
            return generated;
        };
        mesh.Behavior.ScoreScene = _ => new ScoreSceneResponse { Entries = { FakeBehavior.Entry("place", "a place") } };
        mesh.Behavior.Segment = request => request.NameColors
            ? segment(request)
            : new SegmentResponse { Phrases = { request.Phrases.Select(phrase => FakeBehavior.Grounded(phrase, FakeBehavior.MaskOf(4, 4, 5, 6))) } };
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

    private static Task<List<RealignResponse>> RealignAsync(
        FakeMesh mesh, int attempts, ulong seed, Action<RealignRequest>? change = null, TimeSpan? deadline = null) =>
        Calls.RealignAsync(mesh, "a red car and a bus", request =>
        {
            request.Attempts = attempts;
            request.Generate.Seed = seed;
            change?.Invoke(request);
        }, deadline);
}

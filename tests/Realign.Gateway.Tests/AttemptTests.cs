using Realign.Gateway.Tests.Fakes;
using Realign.V1;
using Shouldly;
using Xunit;
using EventCase = Realign.V1.RealignResponse.EventOneofCase;

namespace Realign.Gateway.Tests;

/// <summary>Several attempts, and which image becomes the result.</summary>
public sealed class AttemptTests
{
    [Fact]
    public async Task WithoutAVerifiedImage_AllAttemptsAreMade_WithFurtherSeeds()
    {
        await using var mesh = await NumberedMesh.StartAsync(_ => Seen.Nothing);

        var events = await NumberedMesh.RealignAsync(mesh, 3, 7);

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
        await using var mesh = await NumberedMesh.StartAsync(image => image == "refined image 8" ? NumberedMesh.Right : NumberedMesh.Wrong);

        var events = await NumberedMesh.RealignAsync(mesh, 16, 7);

        var result = events[^1].Result;
        (result.Accepted.Attempt, result.Accepted.Picture, result.Accepted.Reason).ShouldBe((2, PictureKind.Refined, AcceptReason.Verified));
        result.Png.ToStringUtf8().ShouldBe("refined image 8");
        result.Refined.ShouldBeTrue();
        result.Verification.Verified.ShouldBeTrue();
        result.Attempts.Count.ShouldBe(2);
    }

    [Fact]
    public async Task CoarseImageThatShowsEverything_IsTheResult_AndNothingIsRefined()
    {
        await using var mesh = await NumberedMesh.StartAsync(_ => NumberedMesh.Right);

        var events = await NumberedMesh.RealignAsync(mesh, 16, 7);

        events.Count(message => message.EventCase == EventCase.Verification).ShouldBe(1);
        events.ShouldNotContain(message => message.Stage == Stage.Refine);
        var result = events[^1].Result;
        (result.Accepted.Attempt, result.Accepted.Picture, result.Accepted.Reason).ShouldBe((1, PictureKind.Coarse, AcceptReason.Verified));
        result.Attempts.ShouldHaveSingleItem().Refined.ShouldBeNull();
    }

    [Fact]
    public async Task RefinedImageThatIsWorse_IsNotTheResult()
    {
        await using var mesh = await NumberedMesh.StartAsync(image => image.StartsWith("coarse", StringComparison.Ordinal)
            ? Seen.RedCar
            : Seen.Nothing with { Likelihood = -0.1f });

        var result = (await NumberedMesh.RealignAsync(mesh, 1, 7))[^1].Result;

        result.Png.ToStringUtf8().ShouldBe("coarse image 7");
        (result.Refined, result.Accepted.Picture, result.Accepted.Reason).ShouldBe((false, PictureKind.Coarse, AcceptReason.BestOfAttempts));
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
            ["1"] = NumberedMesh.Wrong with { Likelihood = -0.1f },
            // both missing
            ["2"] = Seen.Nothing with { Likelihood = -0.2f },
            // one missing
            ["3"] = Seen.RedCar with { Likelihood = -3 },
            ["4"] = Seen.RedCar with { Likelihood = -2 },
            ["5"] = Seen.RedCar with { Likelihood = -2.5f },
        };
        await using var mesh = await NumberedMesh.StartAsync(image => places[image[^1..]]);

        var result = (await NumberedMesh.RealignAsync(mesh, 5, 1))[^1].Result;

        // equal images: the refined one
        (result.Accepted.Attempt, result.Accepted.Picture, result.Accepted.Reason).ShouldBe((4, PictureKind.Refined, AcceptReason.BestOfAttempts));
        result.Verification.LogLikelihood.ShouldBe(-2);
        result.Accepted.Text.ShouldContain("0 contradicted, 1 missing");
    }

    [Fact]
    public async Task EmptyImage_ContradictsNothing_AndIsWorseThanAWrongColor()
    {
        await using var mesh = await NumberedMesh.StartAsync(image => image[^1] == '1'
            ? NumberedMesh.Wrong with { Likelihood = -3 }
            : Seen.Nothing with { Likelihood = -0.1f });

        var result = (await NumberedMesh.RealignAsync(mesh, 2, 1))[^1].Result;

        result.Accepted.Attempt.ShouldBe(1);
        (result.Verification.Contradicted, result.Verification.Missing).ShouldBe((1, 0));
    }

    [Fact]
    public async Task BetweenEquals_LessUnknownWins_WhateverTheLikelihood()
    {
        // of the second one nobody can tell whether its bus is there
        await using var mesh = await NumberedMesh.StartAsync(image => image[^1] == '1'
            ? NumberedMesh.Wrong with { Likelihood = -3 }
            : new Seen
            {
                Tags = [],
                Found = { ["car"] = [Seen.Colored(0, 4, 0.8f, ("blue", 1))], ["bus"] = [FakeBehavior.Column(5, 9, 0.3f)] },
                Likelihood = -0.1f,
            });

        var result = (await NumberedMesh.RealignAsync(mesh, 2, 1))[^1].Result;

        result.Accepted.Attempt.ShouldBe(1);
        result.Attempts.Select(report => (report.Refined.Contradicted, report.Refined.Missing, report.Refined.Unknown)).ShouldBe([(1, 0, 0), (1, 0, 1)]);
    }

    [Fact]
    public async Task UnsetSeed_IsTheOneThatTheFirstImageReports()
    {
        await using var mesh = await NumberedMesh.StartAsync(_ => Seen.Nothing);

        var events = await Calls.RealignAsync(mesh, "a red car and a bus", request => request.Attempts = 2);

        events.Where(message => message.EventCase == EventCase.AttemptStarted).Select(message => message.AttemptStarted.HasSeed).ShouldBe([false, true]);
        mesh.Behavior.Generated.Where(request => request.Modulation is null).Select(request => request.Seed).ShouldBe([0ul, 4712ul]);
        events[^1].Result.Attempts.Select(report => report.Seed).ShouldBe([4711ul, 4712ul]);
    }

    [Fact]
    public async Task SeedsWrapAtTheEndOfTheirRange()
    {
        await using var mesh = await NumberedMesh.StartAsync(_ => Seen.Nothing);

        var events = await NumberedMesh.RealignAsync(mesh, 3, ulong.MaxValue);

        events[^1].Result.Attempts.Select(report => report.Seed).ShouldBe([ulong.MaxValue, 0ul, 1ul]);
    }

    [Fact]
    public async Task Always_RefinesWhatIsRight_AndTakesWhatIsWorse()
    {
        await using var mesh = await NumberedMesh.StartAsync(image => image.StartsWith("coarse", StringComparison.Ordinal) ? NumberedMesh.Right : Seen.Nothing);

        var result = (await NumberedMesh.RealignAsync(mesh, 1, 7, request => request.Accept = Accept.Always))[^1].Result;

        result.Png.ToStringUtf8().ShouldBe("refined image 7");
        (result.Refined, result.Accepted.Picture, result.Accepted.Reason).ShouldBe((true, PictureKind.Refined, AcceptReason.Always));
        result.Verification.Missing.ShouldBe(2);
        result.Attempts[0].Coarse.Verified.ShouldBeTrue();
    }
}

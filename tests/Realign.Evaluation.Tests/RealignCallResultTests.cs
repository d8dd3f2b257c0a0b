using Google.Protobuf;
using Realign.Evaluation.Drawing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Evaluation.Tests;

/// <summary>What a call with fewer attempts would have given, read from one with more.</summary>
public sealed class RealignCallResultTests
{
    [Fact]
    public void WithAttempts_Fewer_IsTheBestOfThoseUntilThen()
    {
        // coarse and refined of three attempts: contradicted, missing; the third one's refined image is right
        var result = Call((3, Picture.Refined), (1, 1, 2, 0), (2, 0, 1, 0), (2, 1, 0, 0));

        result.WithAttempts(1)!.ShouldSatisfyAllConditions(
            drawn => drawn.Png.ShouldBe(Png(1, Picture.Coarse)), drawn => drawn.AttemptsMade.ShouldBe(1), drawn => drawn.Refined.ShouldBeFalse(),
            drawn => drawn.Milliseconds.ShouldBe(1300));
        result.WithAttempts(2)!.ShouldSatisfyAllConditions(
            drawn => drawn.Png.ShouldBe(Png(2, Picture.Refined)), drawn => drawn.Attempt.ShouldBe(2), drawn => drawn.Milliseconds.ShouldBe(2600));
        result.WithAttempts(3)!.Verification!.Verified.ShouldBeTrue();
        result.WithAttempts(8)!.AttemptsMade.ShouldBe(3);
        result.Coarse.Png.ShouldBe(Png(1, Picture.Coarse));
    }

    [Fact]
    public void WithAttempts_GatewayAcceptedAnother_IsRefused()
    {
        var result = Call((1, Picture.Coarse), (1, 1, 0, 0));

        Should.Throw<EvaluationException>(() => result.WithAttempts(1)).Message.ShouldContain("--no-sharing");
    }

    [Fact]
    public void WithAttempts_AttemptsSideBySide_CannotBeTold()
    {
        var events = Events((2, Picture.Refined), (1, 1, 1, 1), (1, 1, 0, 0));
        (events[0], events[1]) = (events[^2], events[0]);

        new RealignCallResult("gateway", events).WithAttempts(1).ShouldBeNull();
    }

    [Fact]
    public void Constructor_AnAttemptFailed_EndsTheRun()
    {
        var events = Events((1, Picture.Refined), (1, 1, 0, 0));
        events[^1].Result.Accepted.Reason = AcceptReason.AttemptFailed;
        events[^1].Result.Accepted.Text = "the Tagger is away";

        Should.Throw<EvaluationException>(() => new RealignCallResult("gateway", events)).Message.ShouldContain("the Tagger is away");
    }

    [Fact]
    public void Result_GatewayWithoutVerification_IsStillRead()
    {
        List<RealignResponse> events =
        [
            new() { Coarse = Generated(1, Picture.Coarse) },
            new() { Refined = Generated(1, Picture.Refined) },
            new() { Result = new RealignResult { Png = ByteString.CopyFrom(Png(1, Picture.Refined)), Refined = true, TotalMilliseconds = 5 } },
        ];

        var result = new RealignCallResult("gateway", events);

        result.Result.Png.ShouldBe(Png(1, Picture.Refined));
        result.Result.Verification.ShouldBeNull();
        result.WithAttempts(1).ShouldBeNull();
    }

    private static RealignCallResult Call((int Attempt, Picture Picture) accepted, params (int, int, int, int)[] attempts) =>
        new("gateway", Events(accepted, attempts));

    /// <summary>Events of attempts: contradicted and missing objects of the coarse, then of the refined image.</summary>
    private static List<RealignResponse> Events((int Attempt, Picture Picture) accepted, params (int, int, int, int)[] attempts)
    {
        var events = new List<RealignResponse>();
        var result = new RealignResult
        {
            Png = ByteString.CopyFrom(Png(accepted.Attempt, accepted.Picture)),
            Accepted = new Accepted { Attempt = accepted.Attempt, Picture = accepted.Picture, Reason = AcceptReason.BestOfAttempts },
        };
        for (var attempt = 1; attempt <= attempts.Length; attempt++)
        {
            var (coarseContradicted, coarseMissing, contradicted, missing) = attempts[attempt - 1];
            events.Add(new RealignResponse { Attempt = attempt, Stage = Stage.Coarse, Coarse = Generated(attempt, Picture.Coarse) });
            events.Add(new RealignResponse { Attempt = attempt, Verification = Verification(Picture.Coarse, coarseContradicted, coarseMissing) });
            events.Add(new RealignResponse { Attempt = attempt, Stage = Stage.Refine, Refined = Generated(attempt, Picture.Refined) });
            events.Add(new RealignResponse { Attempt = attempt, Verification = Verification(Picture.Refined, contradicted, missing) });
            result.Attempts.Add(new AttemptReport { Attempt = attempt });
            result.Timings.Add(new StageTiming
            {
                Attempt = attempt,
                Stage = Stage.Coarse,
                StartMilliseconds = (attempt - 1) * 1300,
                DurationMilliseconds = 600,
            });
            result.Timings.Add(new StageTiming
            {
                Attempt = attempt,
                Stage = Stage.Refine,
                StartMilliseconds = ((attempt - 1) * 1300) + 600,
                DurationMilliseconds = 700,
            });
        }

        events.Add(new RealignResponse { Result = result });
        return events;
    }

    private static byte[] Png(int attempt, Picture picture) => [(byte)attempt, (byte)picture];

    private static GenerateResult Generated(int attempt, Picture picture) =>
        new() { Images = { new GeneratedImage { Png = ByteString.CopyFrom(Png(attempt, picture)) } } };

    private static Verification Verification(Picture picture, int contradicted, int missing) => new()
    {
        Picture = picture,
        Contradicted = contradicted,
        Missing = missing,
        Verified = contradicted + missing == 0,
        LogLikelihood = -1,
    };
}

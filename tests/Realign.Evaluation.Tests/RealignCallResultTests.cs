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
        var result = Call((3, PictureKind.Refined), (1, 1, 2, 0), (2, 0, 1, 0), (2, 1, 0, 0));

        result.WithAttempts(1)!.ShouldSatisfyAllConditions(
            drawn => drawn.Png.ShouldBe(Png(1, PictureKind.Coarse)), drawn => drawn.AttemptsMade.ShouldBe(1), drawn => drawn.Refined.ShouldBeFalse(),
            drawn => drawn.Milliseconds.ShouldBe(1300));
        result.WithAttempts(2)!.ShouldSatisfyAllConditions(
            drawn => drawn.Png.ShouldBe(Png(2, PictureKind.Refined)), drawn => drawn.Attempt.ShouldBe(2), drawn => drawn.Milliseconds.ShouldBe(2600));
        result.WithAttempts(3)!.Verification!.Verified.ShouldBeTrue();
        result.WithAttempts(8)!.AttemptsMade.ShouldBe(3);
        result.Coarse.Png.ShouldBe(Png(1, PictureKind.Coarse));
    }

    [Fact]
    public void WithAttempts_GatewayAcceptedAnother_IsRefused()
    {
        var result = Call((1, PictureKind.Coarse), (1, 1, 0, 0));

        Should.Throw<EvaluationException>(() => result.WithAttempts(1)).Message.ShouldContain("--no-sharing");
    }

    [Fact]
    public void WithAttempts_AttemptsSideBySide_CannotBeTold()
    {
        var events = Events((2, PictureKind.Refined), (1, 1, 1, 1), (1, 1, 0, 0));
        (events[0], events[1]) = (events[^2], events[0]);

        new RealignCallResult("gateway", events).WithAttempts(1).ShouldBeNull();
    }

    [Fact]
    public void Constructor_AnAttemptFailed_EndsTheRun()
    {
        var events = Events((1, PictureKind.Refined), (1, 1, 0, 0));
        events[^1].Result.Accepted.Reason = AcceptReason.AttemptFailed;
        events[^1].Result.Accepted.Text = "the Tagger is away";

        Should.Throw<EvaluationException>(() => new RealignCallResult("gateway", events)).Message.ShouldContain("the Tagger is away");
    }

    [Fact]
    public void Result_GatewayWithoutVerification_IsStillRead()
    {
        List<RealignResponse> events =
        [
            new() { Coarse = Generated(1, PictureKind.Coarse) },
            new() { Refined = Generated(1, PictureKind.Refined) },
            new() { Result = new RealignResult { Png = ByteString.CopyFrom(Png(1, PictureKind.Refined)), Refined = true, TotalMilliseconds = 5 } },
        ];

        var result = new RealignCallResult("gateway", events);

        result.Result.Png.ShouldBe(Png(1, PictureKind.Refined));
        result.Result.Verification.ShouldBeNull();
        result.WithAttempts(1).ShouldBeNull();
    }

    private static RealignCallResult Call((int Attempt, PictureKind Picture) accepted, params (int, int, int, int)[] attempts) =>
        new("gateway", Events(accepted, attempts));

    /// <summary>Events of attempts: contradicted and missing objects of the coarse, then of the refined image.</summary>
    private static List<RealignResponse> Events((int Attempt, PictureKind Picture) accepted, params (int, int, int, int)[] attempts)
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
            events.Add(new RealignResponse { Attempt = attempt, Stage = Stage.Coarse, Coarse = Generated(attempt, PictureKind.Coarse) });
            events.Add(new RealignResponse { Attempt = attempt, Verification = Verification(PictureKind.Coarse, coarseContradicted, coarseMissing) });
            events.Add(new RealignResponse { Attempt = attempt, Stage = Stage.Refine, Refined = Generated(attempt, PictureKind.Refined) });
            events.Add(new RealignResponse { Attempt = attempt, Verification = Verification(PictureKind.Refined, contradicted, missing) });
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

    private static byte[] Png(int attempt, PictureKind picture) => [(byte)attempt, (byte)picture];

    private static GenerateResult Generated(int attempt, PictureKind picture) =>
        new() { Images = { new GeneratedImage { Png = ByteString.CopyFrom(Png(attempt, picture)) } } };

    private static Verification Verification(PictureKind picture, int contradicted, int missing) => new()
    {
        Picture = picture,
        Contradicted = contradicted,
        Missing = missing,
        Verified = contradicted + missing == 0,
        LogLikelihood = -1,
    };
}

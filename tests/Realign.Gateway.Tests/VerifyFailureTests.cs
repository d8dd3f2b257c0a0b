using Grpc.Core;
using Realign.Gateway.Tests.Fakes;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;
using EventCase = Realign.V1.RealignResponse.EventOneofCase;

namespace Realign.Gateway.Tests;

/// <summary>Readers that are away, slow or broken during VERIFY: their evidence is UNKNOWN, and the flow goes on.</summary>
public sealed class VerifyFailureTests
{
    public static TheoryData<Reader, string> Readers { get; } = new()
    {
        { Reader.Tagger, "tagger" },
        { Reader.Segmenter, "segmenter" },
        { Reader.Caption, "caption" },
        { Reader.Likelihood, "likelihood" },
    };

    [Theory]
    [MemberData(nameof(Readers))]
    public async Task FailedReader_IsNamed_AndTheOthersSpeak(Reader reader, string name)
    {
        await using var mesh = await FakeMesh.StartAsync();
        Seen.Show(mesh, _ => Doubtful, Seen.Entity("car", "red"));
        mesh.Behavior.FailingReaders[reader] = new Status(StatusCode.Internal, "broken");

        var verification = Refined(await Calls.RealignAsync(mesh, "a red car"));

        verification.Unread.ShouldHaveSingleItem().ShouldStartWith(name);
        verification.Unread[0].ShouldContain("broken");
        // the tagger stands in for the segmenter, and not the other way round: the segmenter is not sure
        verification.Objects[0].Presence.ShouldBe(reader == Reader.Tagger ? Verdict.Unknown : Verdict.Confirmed);
        verification.Objects[0].Attributes[0].Verdict.ShouldBe(reader == Reader.Caption ? Verdict.Unknown : Verdict.Contradicted);
        verification.HasLogLikelihood.ShouldBe(reader != Reader.Likelihood);
    }

    [Theory]
    [MemberData(nameof(Readers))]
    public async Task HangingReader_CostsTheShareOfVerify_AndIsNamed(Reader reader, string name)
    {
        await using var mesh = await FakeMesh.StartAsync();
        Seen.Show(mesh, _ => Doubtful, Seen.Entity("car", "red"));
        _ = mesh.Behavior.HangingReaders.Add(reader);

        var events = await Calls.RealignAsync(mesh, "a red car", deadline: TimeSpan.FromSeconds(20));

        var verification = Refined(events);
        // the others had time left to answer
        verification.Unread.ShouldHaveSingleItem().ShouldStartWith(name);
        // 5 % of 20 s, of which the segmenter may take half, not all that is left
        var times = events[^1].Result.Timings.Where(timing => timing.Stage == Stage.Verify).Select(timing => timing.DurationMilliseconds).ToList();
        times.Max().ShouldBeInRange(400, 5_000);
    }

    [Fact]
    public async Task HangingCaption_OfTheCoarseImage_IsNotWaitedForLonger()
    {
        await using var mesh = await FakeMesh.StartAsync();
        Seen.Show(mesh, _ => Doubtful, Seen.Entity("car", "red"));
        _ = mesh.Behavior.Hanging.Add(Stage.Caption);

        var events = await Calls.RealignAsync(mesh, "a red car", deadline: TimeSpan.FromSeconds(6));

        var coarse = events.First(message => message.EventCase == EventCase.Verification).Verification;
        coarse.Unread.ShouldHaveSingleItem().ShouldStartWith("caption");
        Refined(events).Unread.ShouldBeEmpty();
    }

    [Fact]
    public async Task AllReadersDown_NothingIsKnown_AndNothingIsVerified()
    {
        await using var mesh = await FakeMesh.StartAsync();
        Seen.Show(mesh, _ => Seen.BlueCar, Seen.Entity("car", "red"));
        foreach (var (reader, _) in Readers.Select(row => row.Data))
            mesh.Behavior.FailingReaders[reader] = new Status(StatusCode.Internal, "broken");

        var events = await Calls.RealignAsync(mesh, "a red car");

        var verification = Refined(events);
        (verification.Verified, verification.Contradicted, verification.Missing, verification.Unknown).ShouldBe((false, 0, 0, 1));
        verification.Unread.Count.ShouldBe(4);
        // of the coarse image TAG and CAPTION were read, so it is the one that something is known of
        events[^1].Result.Accepted.Picture.ShouldBe(PictureKind.Coarse);
    }

    [Theory]
    [InlineData(StatusCode.Internal)]
    [InlineData(StatusCode.Unimplemented)]
    public async Task FailedDemand_SaysWhy_AndTheFlowIsAsPublished(StatusCode code)
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Behavior.FailingReaders[Reader.Demand] = new Status(code, "broken");

        var events = await Calls.RealignAsync(mesh, "a red car");

        var demand = events.Single(message => message.EventCase == EventCase.Demand).Demand;
        demand.NothingBecause.ShouldContain("scene-scorer");
        demand.Entities.ShouldBeEmpty();
        Refined(events).Objects.ShouldBeEmpty();
        events[^1].Result.Png.ShouldBe(FakeBehavior.RefinedPng);
    }

    [Fact]
    public async Task HangingDemand_IsGivenUp()
    {
        await using var mesh = await FakeMesh.StartAsync();
        _ = mesh.Behavior.HangingReaders.Add(Reader.Demand);

        var events = await Calls.RealignAsync(mesh, "a red car", deadline: TimeSpan.FromSeconds(6));

        events.Single(message => message.EventCase == EventCase.Demand).Demand.NothingBecause.ShouldContain("not done");
        events[^1].Result.Refined.ShouldBeTrue();
    }

    [Theory]
    [InlineData("phrases")]
    [InlineData("box")]
    [InlineData("mask")]
    [InlineData("likelihood")]
    [InlineData("scores")]
    [InlineData("tag")]
    public async Task Garbage_IsNoEvidence(string what)
    {
        await using var mesh = await FakeMesh.StartAsync();
        Seen.Show(mesh, _ => Doubtful, Seen.Entity("car", "red"));
        var (ground, tag) = (mesh.Behavior.Ground!, mesh.Behavior.Tag);
        switch (what)
        {
            case "phrases":
                mesh.Behavior.Ground = _ => new SegmentResponse();
                break;
            case "box":
                mesh.Behavior.Ground = request => Changed(ground(request), found => found.Box.X0 = float.NaN);
                break;
            case "mask":
                mesh.Behavior.Ground = request => Changed(ground(request), found => found.Mask.Width = 11);
                break;
            case "likelihood":
                mesh.Behavior.ScorePrompt = _ => new ScorePromptResponse { Scores = { new PromptScore { Score = float.NaN } } };
                break;
            case "scores":
                mesh.Behavior.ScorePrompt = _ => new ScorePromptResponse();
                break;
            default:
                mesh.Behavior.Tag = request => FakeBehavior.IsCoarse(request.Image) ? tag(request) : new TagResponse { Tags = { new Tag() } };
                break;
        }

        var events = await Calls.RealignAsync(mesh, "a red car");

        var verification = Refined(events);
        verification.Unread.ShouldHaveSingleItem().ShouldContain("answered");
        verification.Objects[0].Presence.ShouldBe(what == "tag" ? Verdict.Unknown : Verdict.Confirmed);
        verification.HasLogLikelihood.ShouldBe(what is not ("likelihood" or "scores"));
    }

    [Fact]
    public async Task CallerLeaves_DuringVerify_TheReadersAreCancelled()
    {
        await using var mesh = await FakeMesh.StartAsync();
        Seen.Show(mesh, _ => Seen.BlueCar, Seen.Entity("car", "red"));
        _ = mesh.Behavior.HangingReaders.Add(Reader.Segmenter);
        using var caller = new CancellationTokenSource();
        var call = Calls.RealignAsync(mesh, "a red car", cancellationToken: caller.Token);
        await mesh.Behavior.Entered(Reader.Segmenter).DefaultTimeout();

        await caller.CancelAsync();

        await mesh.Behavior.Cancelled(Reader.Segmenter).DefaultTimeout();
        (await TestService.FailsAsync(() => call)).StatusCode.ShouldBe(StatusCode.Cancelled);
    }

    /// <summary>A car that may be none, of a color that no mask tells: all readers are asked.</summary>
    private static Seen Doubtful => new() { Found = { ["car"] = [FakeBehavior.Column(0, 4, 0.4f)] }, ColorNames = [], Caption = "a blue car" };

    private static SegmentResponse Changed(SegmentResponse answer, Action<Detection> change)
    {
        foreach (var detection in answer.Phrases.SelectMany(phrase => phrase.Detections))
            change(detection);
        return answer;
    }

    private static Verification Refined(List<RealignResponse> events) =>
        events.Single(message => message.EventCase == EventCase.Verification && message.Verification.Picture == PictureKind.Refined).Verification;
}

using Realign.V1;
using Shouldly;
using Xunit;
using EventCase = Realign.V1.RealignResponse.EventOneofCase;

namespace Realign.Mesh.Tests;

/// <summary>Verification and attempts with the miniature models.</summary>
public sealed class VerificationTests(RunningMesh mesh)
{
    [Fact]
    public async Task ThreeObjects_ThreeAttempts_TheVerdictsAreConsistentWithTheResult()
    {
        // with this seed the first attempt misses the car
        var events = await RealignAsync("a red car, a pink elephant and a blue chair", seed: 100, attempts: 3);

        var demand = events.Single(response => response.EventCase == EventCase.Demand).Demand;
        demand.Entities.Select(entity => (entity.Noun, string.Join(' ', entity.Attributes)))
            .ShouldBe([("car", "red"), ("elephant", "pink"), ("chair", "blue")]);
        var verifications = events.Where(response => response.EventCase == EventCase.Verification).Select(response => response.Verification).ToList();
        verifications.Count.ShouldBeGreaterThan(0);
        foreach (var verification in verifications)
            CheckConsistency(verification, demand);

        var result = events[^1].Result;
        var best = verifications.OrderByDescending(Order).First();
        Order(result.Verification).ShouldBe(Order(best));
        result.Png.ShouldBe(ImageOf(events, result.Accepted));
        var isVerified = verifications.Exists(verification => verification.Verified);
        result.Verification.Verified.ShouldBe(isVerified);
        result.Accepted.Reason.ShouldBe(isVerified ? AcceptReason.Verified : AcceptReason.BestOfAttempts);
        result.Attempts.Count.ShouldBe(isVerified ? result.Accepted.Attempt : 3);
        result.Attempts.Select(report => report.Seed).ShouldBe(Enumerable.Range(100, result.Attempts.Count).Select(seed => (ulong)seed));
    }

    [Fact]
    public async Task VerifiedImage_HasEveryObjectInItsColor_WithAPlaceForEach()
    {
        var result = (await RealignAsync("a red car and a pink elephant", seed: 0, attempts: 8))[^1].Result;

        result.Verification.Verified.ShouldBeTrue(result.Accepted.Text);
        result.Verification.Objects.Count.ShouldBe(2);
        foreach (var item in result.Verification.Objects)
        {
            item.Boxes.ShouldHaveSingleItem();
            var color = item.Attributes.ShouldHaveSingleItem();
            color.Verdict.ShouldBe(Verdict.Confirmed);
            color.Evidence[0].Reader.ShouldBe("color");
        }

        // everything is confirmed: it decides nothing
        result.Verification.HasLogLikelihood.ShouldBeFalse();
        result.Verification.Unread.ShouldBeEmpty();
    }

    [Fact]
    public async Task SameRequest_GivesTheSameVerdictsAgain()
    {
        var first = await RealignAsync("a red car, a pink elephant and a blue chair", seed: 4, attempts: 2);
        var second = await RealignAsync("a red car, a pink elephant and a blue chair", seed: 4, attempts: 2);

        second[^1].Result.Attempts.ShouldBe(first[^1].Result.Attempts);
        second[^1].Result.Png.ShouldBe(first[^1].Result.Png);
    }

    [Theory]
    [InlineData("a red car and no cat")]
    [InlineData("a red car without a cat")]
    public async Task ExcludedObject_IsNotDemanded(string prompt)
    {
        var events = await RealignAsync(prompt, seed: 0, attempts: 1);

        events.Single(response => response.EventCase == EventCase.Demand).Demand.Entities.Select(entity => entity.Noun).ShouldBe(["car"]);
        events[^1].Result.Verification.Objects.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Relation_IsJudgedByThePlaces()
    {
        var events = await RealignAsync("a black cat to the left of a red chair", seed: 0, attempts: 2);

        foreach (var verification in events.Where(response => response.EventCase == EventCase.Verification).Select(response => response.Verification))
        {
            var relation = verification.Relations.ShouldHaveSingleItem();
            var (cat, chair) = (verification.Objects[0].Boxes.SingleOrDefault(), verification.Objects[1].Boxes.SingleOrDefault());
            if (cat is null || chair is null)
                relation.Verdict.ShouldBe(Verdict.Unknown);
            else if (relation.Verdict != Verdict.Unknown)
                (cat.X0 + cat.X1 < chair.X0 + chair.X1).ShouldBe(relation.Verdict == Verdict.Confirmed);
        }
    }

    [Fact]
    public async Task PromptWithoutObjects_IsDrawn_AndSaysThatNothingIsDemanded()
    {
        var events = await RealignAsync("at night", seed: 0, attempts: 1);

        events.Single(response => response.EventCase == EventCase.Demand).Demand.NothingBecause.ShouldNotBeEmpty();
        events[^1].Result.Verification.Objects.ShouldBeEmpty();
        events[^1].Result.Verification.Verified.ShouldBeFalse();
        events[^1].Result.Png.ShouldNotBeEmpty();
    }

    private Task<List<RealignResponse>> RealignAsync(string prompt, ulong seed, int attempts) => RunningMesh.EventsAsync(
        mesh.Client, new RealignRequest { Generate = new GenerateRequest { Prompt = prompt, Seed = seed }, Attempts = attempts });

    private static void CheckConsistency(Verification verification, Demand demand)
    {
        verification.Objects.Select(item => item.Entity).ShouldBe(Enumerable.Range(0, demand.Entities.Count));
        verification.Missing.ShouldBe(verification.Objects.Count(item => item.Presence == Verdict.Contradicted));
        verification.Contradicted.ShouldBe(
            verification.Objects.Count(item => item.Presence != Verdict.Contradicted && item.Verdict == Verdict.Contradicted));
        verification.Unknown.ShouldBe(verification.Objects.Count(item => item.Verdict == Verdict.Unknown));
        verification.Verified.ShouldBe(verification.Missing == 0 && verification.Contradicted == 0
            && verification.Objects.All(item => item.Presence == Verdict.Confirmed));
        verification.HasLogLikelihood.ShouldBe(!verification.Verified || verification.Unknown > 0);
        foreach (var item in verification.Objects)
        {
            item.PresenceEvidence.ShouldNotBeEmpty();
            item.Attributes.Select(attribute => attribute.Attribute).ShouldBe(demand.Entities[item.Entity].Attributes);
        }
    }

    private static (bool Verified, int Wrong, int Contradicted, int Unknown, float Likelihood) Order(Verification verification) => (
        verification.Verified, -verification.Contradicted - verification.Missing, -verification.Contradicted, -verification.Unknown,
        verification.HasLogLikelihood ? verification.LogLikelihood : float.NegativeInfinity);

    private static Google.Protobuf.ByteString ImageOf(List<RealignResponse> events, Accepted accepted)
    {
        var kind = accepted.Picture == PictureKind.Refined ? EventCase.Refined : EventCase.Coarse;
        var drawn = events.Single(response => response.Attempt == accepted.Attempt && response.EventCase == kind);
        return (drawn.Coarse ?? drawn.Refined).Images[0].Png;
    }
}

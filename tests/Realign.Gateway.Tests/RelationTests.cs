using Realign.Gateway.Tests.Fakes;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Gateway.Tests;

/// <summary>Relations between the boxes of two objects.</summary>
public sealed class RelationTests
{
    [Theory]
    [InlineData(RelationKind.LeftOf, 0, 0, 20, 0, Verdict.Confirmed)]
    [InlineData(RelationKind.LeftOf, 20, 0, 0, 0, Verdict.Contradicted)]
    [InlineData(RelationKind.RightOf, 20, 0, 0, 0, Verdict.Confirmed)]
    [InlineData(RelationKind.RightOf, 0, 0, 20, 0, Verdict.Contradicted)]
    [InlineData(RelationKind.Above, 0, 0, 0, 20, Verdict.Confirmed)]
    [InlineData(RelationKind.Above, 0, 20, 0, 0, Verdict.Contradicted)]
    [InlineData(RelationKind.Below, 0, 20, 0, 0, Verdict.Confirmed)]
    [InlineData(RelationKind.Below, 0, 0, 0, 20, Verdict.Contradicted)]
    // half an object is clear, although it lies further below than to the right
    [InlineData(RelationKind.LeftOf, 0, 0, 5, 30, Verdict.Confirmed)]
    [InlineData(RelationKind.LeftOf, 0, 0, 4, 30, Verdict.Unknown)]
    [InlineData(RelationKind.LeftOf, 0, 0, 0.5, 0, Verdict.Unknown)]
    [InlineData(RelationKind.LeftOf, 0, 0, 0, 0, Verdict.Unknown)]
    [InlineData(RelationKind.NextTo, 0, 0, 20, 0, Verdict.Confirmed)]
    [InlineData(RelationKind.NextTo, 0, 0, 25, 0, Verdict.Unknown)]
    [InlineData(RelationKind.NextTo, 0, 0, 40, 0, Verdict.Contradicted)]
    public async Task Relation_HoldsBetweenTheCenters(RelationKind kind, float carX, float carY, float busX, float busY, Verdict verdict)
    {
        var verification = await VerifyAsync(kind, At(carX, carY), At(busX, busY), Seen.Entity("car"), Seen.Entity("bus"));

        var relation = verification.Relations.ShouldHaveSingleItem();
        (relation.Relation, relation.Verdict).ShouldBe((0, verdict));
        relation.Text.ShouldContain("beside the words");
        (verification.Contradicted, verification.Unknown, verification.Verified).ShouldBe(
            (verdict == Verdict.Contradicted ? 1 : 0, verdict == Verdict.Unknown ? 1 : 0, verdict != Verdict.Contradicted));
        verification.Objects.ShouldAllBe(item => item.Verdict == Verdict.Confirmed);
    }

    [Fact]
    public async Task ObjectWithoutAPlace_LeavesTheRelationUnknown()
    {
        var verification = await VerifyAsync(RelationKind.LeftOf, At(0, 0), null, Seen.Entity("car"), Seen.Entity("bus"));

        verification.Relations.ShouldHaveSingleItem().Verdict.ShouldBe(Verdict.Unknown);
        (verification.Contradicted, verification.Missing).ShouldBe((0, 1));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 2)]
    [InlineData(-1, 1)]
    public async Task RelationOfNoTwoObjects_IsUnknown(int subject, int other)
    {
        var verification = await VerifyAsync(RelationKind.LeftOf, At(0, 0), At(20, 0), Seen.Entity("car"), Seen.Entity("bus"), subject, other);

        verification.Relations.ShouldHaveSingleItem().Verdict.ShouldBe(Verdict.Unknown);
    }

    [Fact]
    public async Task TwoObjectsThatThePromptDoesNotTellApart_MayStandInEitherOrder()
    {
        await using var mesh = await FakeMesh.StartAsync();
        Seen.Show(mesh, _ => new Seen { Found = { ["car"] = [At(0, 0), At(20, 0)] } }, Seen.Entity("car"), Seen.Entity("car", instance: 2));

        var verification = await VerifyAsync(mesh, RelationKind.RightOf, 0, 1);

        verification.Relations.ShouldHaveSingleItem().Verdict.ShouldBe(Verdict.Confirmed);
    }

    private static async Task<Verification> VerifyAsync(
        RelationKind kind, Detection car, Detection? bus, Entity first, Entity second, int subject = 0, int other = 1)
    {
        await using var mesh = await FakeMesh.StartAsync();
        Seen.Show(mesh, _ => new Seen { Found = { ["car"] = [car], ["bus"] = bus is null ? [] : [bus] }, Tags = bus is null ? ["car"] : null }, first, second);
        return await VerifyAsync(mesh, kind, subject, other);
    }

    private static async Task<Verification> VerifyAsync(FakeMesh mesh, RelationKind kind, int subject, int other)
    {
        var entities = mesh.Behavior.Entities;
        mesh.Behavior.Entities = request =>
        {
            var answer = entities(request);
            answer.Relations.Add(new SceneRelation { Subject = subject, Object = other, Kind = kind, Words = "beside the words" });
            return answer;
        };
        return (await Calls.RealignAsync(mesh, "a prompt"))[^1].Result.Verification;
    }

    /// <summary>A detection of 10 x 10 pixels; its mask is a column of its own, so that no two are the same thing.</summary>
    private static Detection At(float x, float y)
    {
        var column = (int)(x + (50 * y));
        return new Detection
        {
            Box = new Box { X0 = x, Y0 = y, X1 = x + 10, Y1 = y + 10 },
            Mask = FakeBehavior.MaskOf(4000, 80, 80 * column, (80 * column) + 80),
            Score = 0.8f,
        };
    }
}

using Realign.Core.Images;
using Realign.Metrics.Oracle;
using Realign.World;
using Shouldly;
using Xunit;

namespace Realign.Metrics.Tests.Oracle;

/// <summary>Comparing what is seen with what is demanded.</summary>
public sealed class JudgementTests
{
    private static readonly SeenObject RedCar = See("red", "car", 5, 20);
    private static readonly SeenObject BlueCar = See("blue", "car", 36, 20);
    private static readonly SeenObject PinkCat = See("pink", "cat", 36, 36);

    [Fact]
    public void AllThere_IsRight()
    {
        var judgement = Judge("a red car and a pink cat", RedCar, PinkCat);

        judgement.AllBound.ShouldBeTrue();
        judgement.AllCounted.ShouldBeTrue();
        judgement.Extra.ShouldBe(0);
        judgement.RelationHolds.ShouldBeNull();
    }

    [Fact]
    public void OtherColor_IsThereButNotBound()
    {
        var judgement = Judge("a red car and a pink cat", BlueCar, PinkCat);

        judgement.AllPresent.ShouldBeTrue();
        judgement.AllBound.ShouldBeFalse();
        judgement.ObjectShare.ShouldBe(1);
        judgement.BoundShare.ShouldBe(0.5);
        judgement.Objects[0].Seen.ShouldHaveSingleItem().Color.ShouldBe("blue");
    }

    [Fact]
    public void Missing_IsNotThere()
    {
        var judgement = Judge("a red car, a pink cat and a dog", RedCar, PinkCat);

        judgement.AllPresent.ShouldBeFalse();
        judgement.ObjectShare.ShouldBe(2 / 3.0, 1e-12);
    }

    // whatever the order in which they are seen, each demand gets the one of its colour
    [Fact]
    public void TwoOfOneClass_GoToTheirColors()
    {
        Judge("a blue car and a red car", RedCar, BlueCar).AllBound.ShouldBeTrue();
        Judge("a red car and a blue car", RedCar, BlueCar).AllBound.ShouldBeTrue();
        Judge("a red car and a red car", RedCar, BlueCar).BoundShare.ShouldBe(0.5);
    }

    [Fact]
    public void Count_TooFewOrTooMany_IsSaid()
    {
        Judge("two red cars", RedCar).Objects[0].IsPresent.ShouldBeFalse();
        Judge("two cars", RedCar, BlueCar).AllBound.ShouldBeTrue();
        var three = Judge("two red cars", RedCar, RedCar, BlueCar);
        three.AllBound.ShouldBeTrue();
        three.AllCounted.ShouldBeFalse();
        three.Objects[0].Found.ShouldBe(3);
        three.Extra.ShouldBe(1);
    }

    [Theory]
    [InlineData("a red car to the left of a blue car", true)]
    [InlineData("a red car to the right of a blue car", false)]
    [InlineData("a blue car to the right of a red car", true)]
    [InlineData("a blue car above a pink cat", true)]
    [InlineData("a pink cat below a blue car", true)]
    [InlineData("a pink cat above a blue car", false)]
    [InlineData("a pink cat next to a blue car", true)]
    [InlineData("a red car to the left of a dog", false)]
    public void Relation_ByTheMiddles(string prompt, bool holds) => Judge(prompt, RedCar, BlueCar, PinkCat).RelationHolds.ShouldBe(holds);

    private static SceneJudgement Judge(string prompt, params SeenObject[] seen) =>
        SceneOracle.Judge(new SceneReading(seen, 64, 64), ScenePrompt.Parse(prompt));

    private static SeenObject See(string color, string noun, float x, float y) => new(noun, color, new BoundingBox(x, y, x + 20, y + 14), 1, 0.9);
}

using Realign.World;
using Shouldly;
using Xunit;

namespace Realign.Metrics.Tests.Oracle;

/// <summary>The oracle on scenes whose truth is known. Seeds from 1,700,000 on were not looked at while it was made.</summary>
public sealed class RenderedSceneTests
{
    [Fact]
    public void Scenes_OfOneToFourObjects_AreReadRightInNinetyNineOfAHundred()
    {
        var readings = Enumerable.Range(1, SceneSampler.MostObjects)
            .Select(count => Reading.Of(new SceneOptions { Count = count }, 1_700_000 + (1000 * count), 80)).ToList();

        var (demanded, report) = (readings.Sum(reading => reading.Demanded), string.Join('\n', readings.SelectMany(reading => reading.Wrong)));
        demanded.ShouldBe(800);
        readings.Sum(reading => reading.Present).ShouldBeGreaterThanOrEqualTo((int)(0.99 * demanded), report);
        readings.Sum(reading => reading.Bound).ShouldBeGreaterThanOrEqualTo((int)(0.99 * demanded), report);
        readings.Sum(reading => reading.Extra).ShouldBeLessThanOrEqualTo(demanded / 100, report);
    }

    [Theory]
    [InlineData(Relation.LeftOf)]
    [InlineData(Relation.RightOf)]
    [InlineData(Relation.Above)]
    [InlineData(Relation.Below)]
    public void Relations_OfScenes_Hold(Relation relation)
    {
        var reading = Reading.Of(new SceneOptions { Count = 2, Relation = relation }, 1_710_000 + (1000 * (int)relation), 20);

        reading.Wrong.Count.ShouldBeLessThanOrEqualTo(1, string.Join('\n', reading.Wrong));
    }

    [Fact]
    public void EqualObjects_AreCounted()
    {
        var reading = Reading.Of(new SceneOptions { Count = 3, Alike = true }, 1_720_000, 40);

        reading.Bound.ShouldBeGreaterThanOrEqualTo((int)(0.98 * reading.Demanded), string.Join('\n', reading.Wrong));
    }

    [Fact]
    public void ObjectsThatHideAPartOfAnother_AreMostlyRead()
    {
        var reading = Reading.Of(new SceneOptions { Count = 2, Overlaps = true }, 1_730_000, 60);

        reading.Bound.ShouldBeGreaterThanOrEqualTo((int)(0.9 * reading.Demanded), string.Join('\n', reading.Wrong));
    }
}

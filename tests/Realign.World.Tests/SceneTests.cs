using Shouldly;
using Xunit;

namespace Realign.World.Tests;

/// <summary>Drawing scenes.</summary>
public sealed class SceneTests
{
    [Theory]
    [InlineData(1, 34, 46)]
    [InlineData(2, 26, 31)]
    [InlineData(3, 22, 27)]
    [InlineData(4, 21, 25)]
    public void Draw_Scenes_FollowTheWorld(int count, float least, float most)
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var scene = SceneSampler.Draw(seed, new SceneOptions { Count = count });

            scene.Objects.Count.ShouldBe(count);
            scene.Objects.Select(item => item.Noun).Distinct().Count().ShouldBe(count);
            scene.Objects.Select(item => item.Color).Distinct().Count().ShouldBe(count);
            foreach (var (_, color, ink, pose) in scene.Objects)
            {
                pose.Width.ShouldBeInRange(least, most);
                MathF.Abs(pose.Rotation).ShouldBeLessThanOrEqualTo(SceneSampler.MostRotation);
                MathF.Abs(ink.G - Palette.Of(color).Value.G).ShouldBeLessThanOrEqualTo(10);
            }

            SceneRenderer.Render(scene).Objects.ShouldAllBe(item => item.VisibleShare > 0.99 && item.Mask.Area > 20);
        }
    }

    [Fact]
    public void SameSeed_SameBytes_AnotherSeedOthers()
    {
        byte[] Draw(int seed) => SceneRenderer.Render(SceneSampler.Draw(seed, new SceneOptions { Count = 2 })).Image.Pixels;

        Draw(5).ShouldBe(Draw(5));
        Draw(6).ShouldNotBe(Draw(5));
    }

    [Theory]
    [InlineData(Relation.LeftOf)]
    [InlineData(Relation.RightOf)]
    [InlineData(Relation.Above)]
    [InlineData(Relation.Below)]
    public void Relation_IsWhereItIsDrawn(Relation relation)
    {
        var scene = SceneSampler.Draw(3, new SceneOptions { Count = 2, Relation = relation });

        var (one, other) = (scene.Objects[0].Pose, scene.Objects[1].Pose);
        var (x, y) = (other.CenterX - one.CenterX, other.CenterY - one.CenterY);
        (relation switch { Relation.LeftOf => x, Relation.RightOf => -x, Relation.Above => y, _ => -y }).ShouldBeGreaterThan(20);
        Caption.Of(scene).ShouldContain(Caption.Words(relation));
    }

    [Fact]
    public void Overlaps_HideAPartOfTheFirst()
    {
        var objects = SceneRenderer.Render(SceneSampler.Draw(8, new SceneOptions { Count = 2, Overlaps = true })).Objects;

        objects[0].VisibleShare.ShouldBeInRange(0.6, 0.9);
        objects[1].VisibleShare.ShouldBe(1, 1e-6);
    }

    [Fact]
    public void Show_Demand_IsDrawn()
    {
        var scene = SceneSampler.Show(4, ScenePrompt.Parse("two red cars and a cat"));

        scene.Objects.Select(item => item.Noun).ShouldBe(["car", "car", "cat"]);
        scene.Objects.Take(2).ShouldAllBe(item => item.Color == "red");
        _ = Should.Throw<ArgumentException>(() => SceneSampler.Show(4, ScenePrompt.Parse("five cars")));
    }

    [Fact]
    public void Draw_Contradictions_AreRefused()
    {
        _ = Should.Throw<ArgumentException>(() => SceneSampler.Draw(1, new SceneOptions { Count = 3, Relation = Relation.Above }));
        _ = Should.Throw<ArgumentException>(() => SceneSampler.Draw(1, new SceneOptions { Overlaps = true }));
        _ = Should.Throw<ArgumentOutOfRangeException>(() => SceneSampler.Draw(1, new SceneOptions { Count = 5 }));
    }

    [Fact]
    public void Shades_OfAColor_RunFromDarkToLight()
    {
        var blue = Palette.Of("blue");

        blue.At(0).R.ShouldBe(0.55f * 45, 1e-3f);
        blue.At(0.5f).ShouldBe(blue.Value);
        blue.At(1).G.ShouldBe(95 + (0.28f * 160), 1e-3f);
    }

    [Fact]
    public void Glyphs_AreAllThere_AndDiffer()
    {
        Glyphs.All.Select(glyph => glyph.Noun).ShouldBe(Glyphs.Nouns);
        Glyphs.All.Select(glyph => glyph.Alpha.ToArray().Sum()).Distinct().Count().ShouldBe(24);
        foreach (var glyph in Glyphs.All)
            glyph.Alpha.ToArray().Count(alpha => alpha > 0.5f).ShouldBeInRange(900, 9000);
    }
}

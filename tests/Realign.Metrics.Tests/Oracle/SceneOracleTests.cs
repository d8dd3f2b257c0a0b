using Realign.Core.Errors;
using Realign.Metrics.Oracle;
using Realign.World;
using Shouldly;
using Xunit;

namespace Realign.Metrics.Tests.Oracle;

/// <summary>What goes in, and what must come out of pictures that show nothing.</summary>
public sealed class SceneOracleTests
{
    [Fact]
    public void Read_SamePixels_SameReading()
    {
        var image = SceneRenderer.Render(SceneSampler.Draw(940_000, new SceneOptions { Count = 3 })).Image;

        var (first, second) = (SceneOracle.Read(image.Pixels, 64, 64), SceneOracle.Read(image.Pixels, 64, 64));

        first.Objects.Count.ShouldBe(3);
        second.Objects.ShouldBe(first.Objects);
    }

    [Fact]
    public void Read_LargerPicture_HasBoxesInItsOwnPixels()
    {
        var rendered = SceneRenderer.Render(SceneSampler.Draw(940_001, new SceneOptions { Count = 1 }));
        var (source, pixels) = (rendered.Image.Pixels, new byte[128 * 192 * 3]);
        for (var i = 0; i < pixels.Length; i++)
        {
            var (x, y) = (i / 3 % 192, i / 3 / 192);
            pixels[i] = source[(3 * ((y / 2 * 64) + (x / 3))) + (i % 3)];
        }

        var seen = SceneOracle.Read(pixels, 192, 128).Objects.ShouldHaveSingleItem();

        seen.Noun.ShouldBe(rendered.Scene.Objects[0].Noun);
        seen.Color.ShouldBe(rendered.Scene.Objects[0].Color);
        seen.CenterX.ShouldBe(3 * (rendered.Objects[0].Box.X0 + rendered.Objects[0].Box.X1) / 2, 6);
        seen.CenterY.ShouldBe(rendered.Objects[0].Box.Y0 + rendered.Objects[0].Box.Y1, 4);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 255)]
    [InlineData(128, 128)]
    public void Read_PlainPicture_ShowsNothing(int low, int high)
    {
        foreach (var value in new[] { low, high })
            SceneOracle.Read([.. Enumerable.Repeat((byte)value, 64 * 64 * 3)], 64, 64).Objects.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Read_Noise_ShowsNothing(int seed)
    {
        var pixels = new byte[64 * 64 * 3];
        new Random(seed).NextBytes(pixels);

        SceneOracle.Read(pixels, 64, 64).Objects.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 300)]
    [InlineData(7, 3)]
    public void Read_TinyPicture_ShowsNothing(int width, int height) =>
        SceneOracle.Read(new byte[width * height * 3], width, height).Objects.ShouldBeEmpty();

    [Theory]
    [InlineData(10, 64, 64)]
    [InlineData(0, 0, 0)]
    [InlineData(3, -1, -1)]
    [InlineData(12, 65536, 65537)]
    public void Read_BytesOfAnotherSize_AreRefused(int bytes, int width, int height) =>
        Should.Throw<InvalidInputException>(() => SceneOracle.Read(new byte[bytes], width, height)).Field.ShouldBe("rgb");
}

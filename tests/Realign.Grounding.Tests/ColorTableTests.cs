using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Grounding.Colors;
using Realign.Grounding.Masks;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Grounding.Tests;

/// <summary>Names of the colors inside a mask.</summary>
public sealed class ColorTableTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("colors-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Find_MiniaturesMaskModel_HasTheTenColorsOfItsWorld() =>
        ColorTable.Find(Checkout.Miniature("segmenter", "sam")).ShouldNotBeNull().Names
            .ShouldBe(["red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white"]);

    [Fact]
    public void Find_FolderWithoutOne_IsNone()
    {
        var model = Directory.CreateDirectory(Path.Combine(_folder, "published", "sam")).FullName;

        ColorTable.Find(model).ShouldBeNull();
    }

    [Theory]
    [InlineData("red", 118, 22, 22)]
    [InlineData("red", 225, 100, 100)]
    [InlineData("blue", 25, 52, 113)]
    [InlineData("pink", 248, 165, 201)]
    [InlineData("black", 17, 17, 17)]
    [InlineData("white", 140, 140, 140)]
    [InlineData("brown", 110, 68, 36)]
    [InlineData("orange", 230, 133, 38)]
    public void Shares_DarkAndLightShades_AreTheColor(string color, byte red, byte green, byte blue)
    {
        var shares = Miniature().Shares(Image((red, green, blue), (0, 0, 0), 0), Square(12));

        shares.ShouldHaveSingleItem().ShouldBe(new ColorShare(color, 1));
    }

    [Fact]
    public void Shares_TwoColors_LargestFirstAndTheEdgeLeftOut()
    {
        // the outermost ring of the mask is green, inside there are 2 columns of blue and 8 of red
        var image = Image((214, 40, 40), (60, 160, 70), 1);
        for (var y = 1; y < 11; y++)
            Set(image, 1, y, (45, 95, 205), 2);

        var shares = Miniature().Shares(image, Square(12));

        shares.Select(share => share.Name).ShouldBe(["red", "blue"]);
        shares[0].Share.ShouldBe(0.8f, 1e-6f);
        shares[1].Share.ShouldBe(0.2f, 1e-6f);
    }

    [Fact]
    public void WithoutEdge_ThinMask_StaysWhole()
    {
        var line = new BinaryMask(9, 9, new byte[81]);
        for (var x = 1; x < 8; x++)
            line.Cells[(4 * 9) + x] = 1;

        MaskGeometry.WithoutEdge(line).ShouldBe(line);
    }

    [Fact]
    public void Shares_EmptyMask_AreNone() => Miniature().Shares(Image((214, 40, 40), (0, 0, 0), 0), Square(0)).ShouldBeEmpty();

    [Theory]
    [InlineData("{", "not JSON")]
    [InlineData("[]", "'shades' is missing")]
    [InlineData("""{"shades": {"dark": 0.5, "light": 0.2}}""", "'colors' is missing")]
    [InlineData("""{"shades": {"dark": 1.5, "light": 0.2}, "colors": {"red": [1, 2, 3]}}""", "shades.dark")]
    [InlineData("""{"shades": {"dark": 0.5}, "colors": {"red": [1, 2, 3]}}""", "shades.light")]
    [InlineData("""{"shades": {"dark": 0.5, "light": 0.2}, "colors": {}}""", "0 are there")]
    [InlineData("""{"shades": {"dark": 0.5, "light": 0.2}, "colors": {"red": [1, 2]}}""", "colors.red")]
    [InlineData("""{"shades": {"dark": 0.5, "light": 0.2}, "colors": {"red": [1, 2, 256]}}""", "0..255")]
    [InlineData("""{"shades": {"dark": 0.5, "light": 0.2}, "colors": {"red": [1, 2, 2.5]}}""", "whole numbers")]
    [InlineData("""{"shades": {"dark": 0.5, "light": 0.2}, "colors": {" ": [1, 2, 3]}}""", "no name")]
    [InlineData("""{"shades": {"dark": 0.5, "light": 0.2}, "colors": {"red": [1, 2, 3], "red": [1, 2, 3]}}""", "twice")]
    [InlineData("""{"shades": {"dark": 0.5, "light": 0.2}, "colors": {"red": [1, 2, 3]}, "gamma": 2}""", "'gamma' is not known")]
    public void Load_DamagedFile_SaysWhatIsWrongAndTheWayOut(string text, string problem)
    {
        var path = Path.Combine(_folder, ColorTable.FileName);
        File.WriteAllText(path, text);

        var failure = Should.Throw<ModelLoadException>(() => ColorTable.Load(path));

        failure.Message.ShouldContain(problem);
        failure.WayOut.ShouldContain("remove it");
    }

    private static ColorTable Miniature() => ColorTable.Find(Checkout.Miniature("segmenter", "sam"))!;

    /// <summary>20x20 pixels: a square of 12x12 at 4, 4 with a frame of another color, black around it.</summary>
    private static RgbImage Image((byte R, byte G, byte B) inner, (byte R, byte G, byte B) frame, int width)
    {
        var image = new RgbImage(20, 20, new byte[1200]);
        for (var y = 0; y < 12; y++)
        {
            for (var x = 0; x < 12; x++)
                Set(image, x, y, x < width || y < width || x >= 12 - width || y >= 12 - width ? frame : inner, 1);
        }

        return image;
    }

    private static void Set(RgbImage image, int x, int y, (byte R, byte G, byte B) color, int columns)
    {
        for (var column = x; column < x + columns; column++)
            new[] { color.R, color.G, color.B }.CopyTo(image.Pixels, 3 * (((y + 4) * 20) + column + 4));
    }

    private static BinaryMask Square(int size)
    {
        var mask = new BinaryMask(20, 20, new byte[400]);
        for (var y = 0; y < size; y++)
            mask.Cells.AsSpan(((y + 4) * 20) + 4, size).Fill(1);
        return mask;
    }
}

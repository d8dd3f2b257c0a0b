using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>
/// The independent judge of the embedded world: analysis by synthesis. It renders the world's glyphs, finds the scene that explains a picture best, and
/// names the palette's color that explains each object's pixels best. It shares no weights, no data and no code with any model of the mesh.
/// </summary>
public static class SceneOracle
{
    /// <summary>Finds the objects of a picture. The same pixels give the same reading.</summary>
    /// <param name="rgb">Three bytes a pixel, row-major.</param>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <exception cref="InvalidInputException">The bytes are not those of a picture of that size.</exception>
    public static SceneReading Read(byte[] rgb, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(rgb);
        if (width < 1 || height < 1 || rgb.LongLength != 3L * width * height)
        {
            throw new InvalidInputException("rgb", $"{rgb.LongLength} bytes", $"is no picture of {width}x{height} pixels",
                "send three bytes a pixel, with a width and height of at least 1");
        }

        var (scaleX, scaleY) = ((float)width / PictureField.Side, (float)height / PictureField.Side);
        return new SceneReading([.. new SceneSearch(PictureField.Of(rgb, width, height)).Run().Select(seen => seen with
        {
            Box = new BoundingBox(seen.Box.X0 * scaleX, seen.Box.Y0 * scaleY, seen.Box.X1 * scaleX, seen.Box.Y1 * scaleY),
        })], width, height);
    }

    /// <summary>Compares what is seen with what a prompt demands.</summary>
    public static SceneJudgement Judge(SceneReading reading, Demand demand) => SceneComparison.Of(reading, demand);
}

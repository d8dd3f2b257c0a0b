using Realign.Imaging;
using Realign.Metrics.Oracle;

namespace Realign.Evaluation.Reading;

/// <summary>The judge that no model of the mesh shares anything with.</summary>
internal static class Oracle
{
    public static SceneRecord Read(byte[] png)
    {
        var image = ImageDecoder.Decode(png);
        return SceneRecord.Of(SceneOracle.Read(image.Pixels, image.Width, image.Height));
    }
}

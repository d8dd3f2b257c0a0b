using Realign.Core.Images;
using Realign.Testing;

namespace Realign.VisionLanguage.Tests;

/// <summary>A red ball in front of a light wall, as float pixels.</summary>
internal static class Ball
{
    public static Picture Picture(Action<float[]>? change = null)
    {
        var pixels = Pictures.BallPixels();
        change?.Invoke(pixels);
        return new Picture(pixels, 64, 64);
    }
}

using System.Runtime.InteropServices;

namespace Realign.Imaging.Decoding;

/// <summary>Raw decoded samples to RGB bytes, by the rules of Pillow's <c>convert("RGB")</c>: alpha is dropped, not composited.</summary>
internal static class PixelConversion
{
    /// <summary>One row of 8-bit samples.</summary>
    /// <param name="samples">bands bytes a pixel.</param>
    /// <param name="bands">1 to 4.</param>
    /// <param name="cmyk">Whether they are inks.</param>
    /// <param name="target">RGB bytes of the whole picture.</param>
    /// <param name="index">Index of the row's first pixel in it.</param>
    /// <param name="step">Distance of the next one.</param>
    public static void Row(ReadOnlySpan<byte> samples, int bands, bool cmyk, byte[] target, int index, int step)
    {
        if (bands == 3 && step == 1)
        {
            samples.CopyTo(target.AsSpan(index * 3));
            return;
        }

        for (var at = 0; at < samples.Length; at += bands, index += step)
        {
            var source = samples.Slice(at, bands);
            var pixel = target.AsSpan(index * 3, 3);
            if (cmyk)
            {
                for (var c = 0; c < 3; c++)
                    pixel[c] = Ink(source[c], source[3]);
            }
            else if (bands < 3)
            {
                pixel.Fill(source[0]);
            }
            else
            {
                source[..3].CopyTo(pixel);
            }
        }
    }

    /// <summary>One row of 16-bit samples in the machine's byte order.</summary>
    public static void WideRow(ReadOnlySpan<byte> bytes, int bands, byte[] target, int index, int step)
    {
        var samples = MemoryMarshal.Cast<byte, ushort>(bytes);
        for (var at = 0; at < samples.Length; at += bands, index += step)
        {
            for (var c = 0; c < 3; c++)
            {
                var sample = samples[at + (bands < 3 ? 0 : c)];
                // 16-bit gray without alpha is clipped by the reference (mode I;16), every other 16-bit kind keeps its high byte
                target[(index * 3) + c] = (byte)(bands == 1 ? Math.Min(sample, (ushort)255) : sample >> 8);
            }
        }
    }

    // (1 - ink)(1 - black) in rounded 8-bit arithmetic, without a color profile
    private static byte Ink(int ink, int black)
    {
        var white = 255 - black;
        var product = (ink * white) + 128;
        return (byte)Math.Clamp(white - (((product >> 8) + product) >> 8), 0, 255);
    }
}

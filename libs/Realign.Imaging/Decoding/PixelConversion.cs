namespace Realign.Imaging.Decoding;

/// <summary>Raw decoded samples to RGB bytes, by the rules of Pillow's <c>convert("RGB")</c>: alpha is dropped, not composited.</summary>
internal static class PixelConversion
{
    public static byte[] FromBytes(byte[] samples, int bands, bool cmyk)
    {
        var count = samples.Length / bands;
        var pixels = new byte[count * 3];
        for (var i = 0; i < count; i++)
        {
            var source = samples.AsSpan(i * bands, bands);
            var target = pixels.AsSpan(i * 3, 3);
            if (cmyk)
            {
                for (var c = 0; c < 3; c++)
                    target[c] = Ink(source[c], source[3]);
            }
            else if (bands < 3)
            {
                target.Fill(source[0]);
            }
            else
            {
                source[..3].CopyTo(target);
            }
        }

        return pixels;
    }

    public static byte[] FromWords(ushort[] samples, int bands)
    {
        var count = samples.Length / bands;
        var pixels = new byte[count * 3];
        for (var i = 0; i < count; i++)
        {
            for (var c = 0; c < 3; c++)
            {
                var sample = samples[i * bands + (bands < 3 ? 0 : c)];
                // 16-bit gray without alpha is clipped by the reference (mode I;16), every other 16-bit kind keeps its high byte
                pixels[i * 3 + c] = (byte)(bands == 1 ? Math.Min(sample, (ushort)255) : sample >> 8);
            }
        }

        return pixels;
    }

    // (1 - ink)(1 - black) in rounded 8-bit arithmetic, without a colour profile
    private static byte Ink(int ink, int black)
    {
        var white = 255 - black;
        var product = ink * white + 128;
        return (byte)Math.Clamp(white - (((product >> 8) + product) >> 8), 0, 255);
    }
}

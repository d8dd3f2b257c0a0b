namespace Realign.Imaging.Decoding;

/// <summary>
/// Counts the scans of a JPEG without decoding it. A scan may be a dozen bytes, and each one makes the decoder visit every block of the picture,
/// all of them before the first row comes out.
/// </summary>
internal static class JpegScans
{
    private const byte StartOfScan = 0xDA;
    private const byte EndOfImage = 0xD9;

    /// <summary>Start-of-scan markers; a file that is cut off or broken is counted as far as it can be read.</summary>
    public static int Count(ReadOnlySpan<byte> file)
    {
        var scans = 0;
        var at = 2;
        while (at + 4 <= file.Length)
        {
            // what stands between two segments is the data of a scan; in it, FF is followed by 00 or by a restart mark
            var skipped = file[at..].IndexOf((byte)0xFF);
            if (skipped < 0 || at + skipped + 4 > file.Length)
                return scans;
            at += skipped;
            var marker = file[at + 1];
            if (marker == 0xFF)
            {
                at++;
                continue;
            }

            at += 2;
            if (marker == EndOfImage)
                return scans;
            if (marker is 0x00 or 0x01 or (>= 0xD0 and <= 0xD8))
                continue;
            if (marker == StartOfScan)
                scans++;
            at += (file[at] << 8) | file[at + 1];
        }

        return scans;
    }
}

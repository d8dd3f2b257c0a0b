namespace Realign.Imaging;

/// <summary>Formats that are read besides PNG, JPEG and WebP. Each adds a decoder that strangers' bytes reach, so each is off unless it is asked for.</summary>
[Flags]
public enum PictureFormats
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>GIF.</summary>
    Gif = 1,

    /// <summary>AVIF: AV1 in HEIF.</summary>
    Avif = 2,

    /// <summary>HEIC: HEVC in HEIF. The libvips that is shipped has no HEVC decoder; one that has is found through the loader's search path.</summary>
    Heic = 4,
}

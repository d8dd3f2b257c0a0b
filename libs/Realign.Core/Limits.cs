namespace Realign.Core;

/// <summary>What one call may bring, in every form it can come in. Stated once: services, libraries and documentation refer to it.</summary>
public static class Limits
{
    /// <summary>Longest edge of a picture or a mask in pixels.</summary>
    public const int ImageEdge = 16_384;

    /// <summary>Most pixels of a picture, and of all pictures of one call together: 64 megapixels.</summary>
    public const long ImagePixels = 64L << 20;

    /// <summary>
    /// Longest edge of a picture or a mask divided by its shortest. A model brings the short edge to its own size, so the long one grows with this.
    /// </summary>
    public const int ImageAspect = 64;

    /// <summary>A picture of more pixels than this is large: the memory it took is given back to the operating system when its call is done.</summary>
    public const long LargeImagePixels = 4L << 20;

    /// <summary>Most scans of a progressive JPEG; encoders write about ten.</summary>
    public const int JpegScans = 100;

    /// <summary>Most scans times pixels of a progressive JPEG: each scan visits the whole picture.</summary>
    public const long JpegScanPixels = 16 * ImagePixels;

    /// <summary>Most pixels of all masks of one call together, whatever their run lengths.</summary>
    public const long MaskPixels = 64L << 20;

    /// <summary>Longest prompt in UTF-16 code units.</summary>
    public const int PromptLength = 4096;

    /// <summary>Longest phrase of a segment or a detection in UTF-16 code units.</summary>
    public const int PhraseLength = 256;

    /// <summary>Most tags of one scene.</summary>
    public const int Tags = 200;

    /// <summary>Longest tag in UTF-16 code units.</summary>
    public const int TagLength = 64;

    /// <summary>Most phrases of one detection.</summary>
    public const int Phrases = 64;

    /// <summary>Most segments of one fine stage.</summary>
    public const int Segments = 32;

    /// <summary>Most attempts of one call of the flow.</summary>
    public const int Attempts = 16;

    /// <summary>Largest message of a service that takes or gives pictures, in MiB, unless its settings say otherwise.</summary>
    public const int MessageMegabytes = 64;

    /// <summary>Largest request of a service that takes no pictures, in MiB.</summary>
    public const int TextMessageMegabytes = 1;
}

namespace Realign.Imaging;

/// <summary>How a picture is read; everything is off unless it is asked for.</summary>
public sealed record DecodeOptions
{
    /// <summary>False turns the picture upright by its EXIF orientation; true leaves the rows as they are stored.</summary>
    public bool IgnoreOrientation { get; init; }

    /// <summary>Takes the first frame of an animated picture instead of refusing it.</summary>
    public bool FirstFrame { get; init; }

    /// <summary>Converts the colors to sRGB by the profile in the file; without one they are sRGB already.</summary>
    public bool ApplyProfile { get; init; }

    /// <summary>Formats that are read besides PNG, JPEG and WebP.</summary>
    public PictureFormats Formats { get; init; }
}

namespace Realign.Imaging;

/// <summary>Resampling filters of Pillow; the numbers are those that published preprocessor files use.</summary>
public enum PillowFilter
{
    /// <summary>The nearest pixel.</summary>
    Nearest = 0,

    /// <summary>Windowed sinc with three lobes.</summary>
    Lanczos = 1,

    /// <summary>Triangle.</summary>
    Bilinear = 2,

    /// <summary>Cubic with a = -0.5.</summary>
    Bicubic = 3,

    /// <summary>Average of the covered pixels.</summary>
    Box = 4,

    /// <summary>Windowed triangle.</summary>
    Hamming = 5,
}

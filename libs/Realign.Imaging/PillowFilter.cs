namespace Realign.Imaging;

/// <summary>Resampling kernels of Pillow, by its numbers in <c>preprocessor_config.json</c>.</summary>
public enum PillowFilter
{
    /// <summary>Windowed sinc of support 3.</summary>
    Lanczos = 1,

    /// <summary>Triangle of support 1.</summary>
    Bilinear = 2,

    /// <summary>Cubic with a = -0.5, support 2.</summary>
    Bicubic = 3,
}

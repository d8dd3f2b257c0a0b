namespace Realign.Imaging;

/// <summary>How a picture is brought to the size of a VAE input.</summary>
public enum VaeResizeMode
{
    /// <summary>Stretched.</summary>
    Default,

    /// <summary>Fitted inside; the rest continues the edge pixels.</summary>
    Fill,

    /// <summary>Covers the size; what hangs over is cut off evenly.</summary>
    Crop,
}

namespace Realign.Metrics.CompBench;

/// <summary>A detection, in pixels.</summary>
/// <param name="X0">Left.</param>
/// <param name="Y0">Top.</param>
/// <param name="X1">Right.</param>
/// <param name="Y1">Bottom.</param>
/// <param name="Confidence">How sure the detector is, 0..1.</param>
public sealed record DetectedObject(double X0, double Y0, double X1, double Y1, double Confidence)
{
    /// <summary>Middle, horizontally.</summary>
    public double CenterX => (X0 + X1) / 2;

    /// <summary>Middle, vertically.</summary>
    public double CenterY => (Y0 + Y1) / 2;

    /// <summary>Square pixels.</summary>
    public double Area => (X1 - X0) * (Y1 - Y0);
}

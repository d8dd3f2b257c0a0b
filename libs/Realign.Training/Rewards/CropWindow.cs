namespace Realign.Training.Rewards;

/// <summary>A window of an image, in pixels.</summary>
/// <param name="Y">First row.</param>
/// <param name="X">First column.</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
public readonly record struct CropWindow(int Y, int X, int Height, int Width);

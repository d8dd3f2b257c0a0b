namespace Realign.World;

/// <summary>A color, sRGB, 0..255 each.</summary>
public readonly record struct Rgb(float R, float G, float B);

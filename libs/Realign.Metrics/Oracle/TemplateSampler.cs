using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>Reads a glyph's texture at the pixels of a picture, for one pose: the nearest texel, which is far smaller than a pixel.</summary>
internal readonly struct TemplateSampler
{
    private readonly uint[] _texels;
    private readonly float _columnByX;
    private readonly float _columnByY;
    private readonly float _rowByX;
    private readonly float _rowByY;
    private readonly float _column;
    private readonly float _row;

    public TemplateSampler(GlyphTexture texture, GlyphPose pose)
    {
        _texels = texture.Texels;
        var (sin, cos) = MathF.SinCos(pose.Rotation * MathF.PI / 180);
        var (scaleX, scaleY) = (GlyphTexture.GlyphSide / pose.Width, GlyphTexture.GlyphSide / pose.Height);
        (_columnByX, _columnByY, _rowByX, _rowByY) = (cos * scaleX, sin * scaleX, -sin * scaleY, cos * scaleY);
        // a pixel's middle is half a pixel further
        const float Middle = GlyphTexture.Side / 2f;
        _column = Middle - (_columnByX * (pose.CenterX - 0.5f)) - (_columnByY * (pose.CenterY - 0.5f));
        _row = Middle - (_rowByX * (pose.CenterX - 0.5f)) - (_rowByY * (pose.CenterY - 0.5f));
        // the middle of what the texture holds, and its half extents, in the picture
        var (x, y) = ((((texture.Left + texture.Right + 1) / 2f) - Middle) / scaleX, (((texture.Top + texture.Bottom + 1) / 2f) - Middle) / scaleY);
        var (halfX, halfY) = (((texture.Right - texture.Left + 1) / 2f) / scaleX, ((texture.Bottom - texture.Top + 1) / 2f) / scaleY);
        var (middleX, middleY) = (pose.CenterX - 0.5f + (cos * x) - (sin * y), pose.CenterY - 0.5f + (sin * x) + (cos * y));
        var (reachX, reachY) = ((MathF.Abs(cos) * halfX) + (MathF.Abs(sin) * halfY), (MathF.Abs(sin) * halfX) + (MathF.Abs(cos) * halfY));
        (Left, Right) = ((int)MathF.Floor(middleX - reachX), (int)MathF.Ceiling(middleX + reachX));
        (Top, Bottom) = ((int)MathF.Floor(middleY - reachY), (int)MathF.Ceiling(middleY + reachY));
    }

    /// <summary>First column that the glyph may reach; may lie outside of the picture, as the others.</summary>
    public int Left { get; }

    public int Right { get; }

    public int Top { get; }

    public int Bottom { get; }

    /// <summary>The texels at eight pixels side by side; 0 outside of the texture.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<uint> EightAt(int x, int y)
    {
        var across = Vector256.Create(0f, 1, 2, 3, 4, 5, 6, 7) + Vector256.Create((float)x);
        var column = Vector256.ConvertToInt32(Vector256.Floor((across * _columnByX) + Vector256.Create(_column + (_columnByY * y))));
        var row = Vector256.ConvertToInt32(Vector256.Floor((across * _rowByX) + Vector256.Create(_row + (_rowByY * y))));
        var side = Vector256.Create((uint)GlyphTexture.Side);
        // negative places are huge as unsigned ones
        var inside = Vector256.LessThan(column.AsUInt32(), side) & Vector256.LessThan(row.AsUInt32(), side);
        if (inside == Vector256<uint>.Zero)
            return inside;
        var at = ((row * GlyphTexture.Side) + column) & inside.AsInt32();
        return Load(at) & inside;
    }

    /// <summary>The texel at a pixel: coverage, twice the dark and the light part, ring; 0 outside of the texture.</summary>
    public Vector4 At(int x, int y)
    {
        var column = (int)MathF.Floor(_column + (_columnByX * x) + (_columnByY * y));
        var row = (int)MathF.Floor(_row + (_rowByX * x) + (_rowByY * y));
        if ((uint)column >= GlyphTexture.Side || (uint)row >= GlyphTexture.Side)
            return Vector4.Zero;
        var texel = _texels[(row * GlyphTexture.Side) + column];
        var (dark, light) = ((texel >> GlyphTexture.DarkShift) & 255, (texel >> GlyphTexture.LightShift) & 255);
        return new Vector4(texel & 255, dark, light, texel >> GlyphTexture.RingShift) / 255;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private unsafe Vector256<uint> Load(Vector256<int> at)
    {
        ref var first = ref MemoryMarshal.GetArrayDataReference(_texels);
        if (Avx2.IsSupported)
        {
            fixed (uint* texels = &first)
                return Avx2.GatherVector256(texels, at, sizeof(uint));
        }

        return Vector256.Create(
            _texels[at[0]], _texels[at[1]], _texels[at[2]], _texels[at[3]], _texels[at[4]], _texels[at[5]], _texels[at[6]], _texels[at[7]]);
    }
}

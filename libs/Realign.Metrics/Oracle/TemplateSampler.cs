using System.Numerics;
using System.Runtime.CompilerServices;
using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>Reads a glyph's texture at the pixels of a picture, for one pose.</summary>
internal readonly ref struct TemplateSampler
{
    private readonly Vector4[] _texels;
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
        // a pixel's middle is half a pixel further, a texel's half a texel
        const float Middle = (GlyphTexture.Side / 2f) - 0.5f;
        _column = Middle - (_columnByX * (pose.CenterX - 0.5f)) - (_columnByY * (pose.CenterY - 0.5f));
        _row = Middle - (_rowByX * (pose.CenterX - 0.5f)) - (_rowByY * (pose.CenterY - 0.5f));
        // the middle of what the texture holds, and its half extents, in the picture
        var (x, y) = ((((texture.Left + texture.Right) / 2f) - Middle) / scaleX, (((texture.Top + texture.Bottom) / 2f) - Middle) / scaleY);
        var (halfX, halfY) = (((texture.Right - texture.Left) / 2f) / scaleX, ((texture.Bottom - texture.Top) / 2f) / scaleY);
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

    /// <summary>The texel at a pixel, bilinear; 0 outside of the texture.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector4 At(int x, int y)
    {
        var column = _column + (_columnByX * x) + (_columnByY * y);
        var row = _row + (_rowByX * x) + (_rowByY * y);
        if (!(column >= 0 && row >= 0 && column < GlyphTexture.Side - 1 && row < GlyphTexture.Side - 1))
            return Vector4.Zero;
        var (left, top) = ((int)column, (int)row);
        var (right, down) = (column - left, row - top);
        var at = (top * GlyphTexture.Side) + left;
        var upper = _texels[at] + (right * (_texels[at + 1] - _texels[at]));
        var lower = _texels[at + GlyphTexture.Side] + (right * (_texels[at + GlyphTexture.Side + 1] - _texels[at + GlyphTexture.Side]));
        return upper + (down * (lower - upper));
    }
}

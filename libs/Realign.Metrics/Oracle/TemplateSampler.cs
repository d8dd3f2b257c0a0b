using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>Reads a glyph's texture at the pixels of a picture, for one pose.</summary>
internal readonly ref struct TemplateSampler
{
    private const float Reach = (float)GlyphTexture.Side / GlyphTexture.GlyphSide / 2;

    private readonly GlyphTexture _texture;
    private readonly float _columnByX;
    private readonly float _columnByY;
    private readonly float _rowByX;
    private readonly float _rowByY;
    private readonly float _column;
    private readonly float _row;

    public TemplateSampler(GlyphTexture texture, GlyphPose pose)
    {
        _texture = texture;
        var (sin, cos) = MathF.SinCos(pose.Rotation * MathF.PI / 180);
        var (scaleX, scaleY) = (GlyphTexture.GlyphSide / pose.Width, GlyphTexture.GlyphSide / pose.Height);
        (_columnByX, _columnByY, _rowByX, _rowByY) = (cos * scaleX, sin * scaleX, -sin * scaleY, cos * scaleY);
        // a pixel's middle is half a pixel further, a texel's half a texel
        const float Middle = (GlyphTexture.Side / 2f) - 0.5f;
        _column = Middle - (_columnByX * (pose.CenterX - 0.5f)) - (_columnByY * (pose.CenterY - 0.5f));
        _row = Middle - (_rowByX * (pose.CenterX - 0.5f)) - (_rowByY * (pose.CenterY - 0.5f));
        var reachX = Reach * ((MathF.Abs(cos) * pose.Width) + (MathF.Abs(sin) * pose.Height));
        var reachY = Reach * ((MathF.Abs(sin) * pose.Width) + (MathF.Abs(cos) * pose.Height));
        (Left, Right) = ((int)MathF.Floor(pose.CenterX - reachX), (int)MathF.Ceiling(pose.CenterX + reachX));
        (Top, Bottom) = ((int)MathF.Floor(pose.CenterY - reachY), (int)MathF.Ceiling(pose.CenterY + reachY));
    }

    /// <summary>First column that the texture may reach; may lie outside of the picture, as the others.</summary>
    public int Left { get; }

    public int Right { get; }

    public int Top { get; }

    public int Bottom { get; }

    /// <summary>Coverage, coverage times shade, and ring at a pixel, bilinear; false where there is none of them.</summary>
    public bool At(int x, int y, out float alpha, out float shaded, out float ring)
    {
        var column = _column + (_columnByX * x) + (_columnByY * y);
        var row = _row + (_rowByX * x) + (_rowByY * y);
        if (!(column >= 0 && row >= 0 && column < GlyphTexture.Side - 1 && row < GlyphTexture.Side - 1))
        {
            (alpha, shaded, ring) = (0, 0, 0);
            return false;
        }

        var (left, top) = ((int)column, (int)row);
        var (right, down) = (column - left, row - top);
        var at = (top * GlyphTexture.Side) + left;
        var (a, b, c, d) = ((1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down);
        alpha = Mix(_texture.Alpha);
        ring = Mix(_texture.Ring);
        if (alpha <= 0.004f)
        {
            shaded = 0;
            return ring > 0;
        }

        shaded = Mix(_texture.Shaded);
        return true;

        float Mix(float[] plane) => (a * plane[at]) + (b * plane[at + 1]) + (c * plane[at + GlyphTexture.Side]) + (d * plane[at + GlyphTexture.Side + 1]);
    }
}

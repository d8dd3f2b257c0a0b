using Realign.Core.Images;
using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>A glyph at a place, and how well it explains the picture there.</summary>
/// <param name="Class">Index of the class.</param>
/// <param name="Pose">Where.</param>
/// <param name="Fit">How well.</param>
internal readonly record struct Candidate(int Class, GlyphPose Pose, TemplateFit Fit)
{
    /// <summary>Bounds of what an upright glyph covers.</summary>
    public BoundingBox Box
    {
        get
        {
            var texture = TemplateBank.Textures[Class];
            var (x, y) = (Pose.CenterX + (texture.MiddleX * Pose.Width), Pose.CenterY + (texture.MiddleY * Pose.Height));
            var (halfX, halfY) = (texture.Width * Pose.Width / 2, texture.Height * Pose.Height / 2);
            return new BoundingBox(x - halfX, y - halfY, x + halfX, y + halfY);
        }
    }

    public static Candidate At(PictureField field, float[] open, int noun, GlyphPose pose) =>
        new(noun, pose, TemplateEvaluator.Fit(field, open, TemplateBank.Textures[noun], pose));
}

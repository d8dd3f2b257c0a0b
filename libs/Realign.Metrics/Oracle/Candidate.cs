using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>A glyph at a place, and how well it explains the picture there.</summary>
/// <param name="Class">Index of the class.</param>
/// <param name="Pose">Where.</param>
/// <param name="Fit">How well.</param>
internal readonly record struct Candidate(int Class, GlyphPose Pose, TemplateFit Fit);

using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>Moves, resizes, turns and stretches a template until nothing improves its fit.</summary>
internal static class PoseSearch
{
    private const float MostRotation = 11;
    private const float MostStretch = 1.15f;
    private const float LeastSize = 17;
    private const float MostSize = 52;
    private const float Growth = 0.05f;
    private const float Turn = 4;

    private enum Change
    {
        MoveX,
        MoveY,
        Resize,
        Rotate,
        StretchX,
        StretchY,
    }

    /// <summary>The pose with the highest benefit near a start.</summary>
    /// <param name="field">The picture.</param>
    /// <param name="weights">1 where the pixel is open.</param>
    /// <param name="start">Where to start.</param>
    /// <param name="rounds">How often all changes are tried at one step width, at most.</param>
    /// <param name="leastStep">Last step width; steps of 1 move by a pixel and are halved.</param>
    public static Candidate Refine(PictureField field, float[] weights, Candidate start, int rounds, float leastStep)
    {
        var best = start;
        for (var step = 1f; step >= leastStep; step /= 2)
        {
            for (var round = 0; round < rounds; round++)
            {
                var before = best.Fit.Benefit;
                for (var change = Change.MoveX; change <= Change.StretchY; change++)
                {
                    if (!Follow(field, weights, ref best, change, step))
                        _ = Follow(field, weights, ref best, change, -step);
                }

                if (best.Fit.Benefit <= before)
                    break;
            }
        }

        return best;
    }

    /// <summary>Goes on in one direction as long as it helps; false when the first step does not.</summary>
    private static bool Follow(PictureField field, float[] weights, ref Candidate best, Change change, float step)
    {
        var helped = false;
        while (true)
        {
            var pose = Apply(best.Pose, change, step);
            if (!IsPossible(pose))
                return helped;
            var fit = TemplateEvaluator.Fit(field, weights, TemplateBank.Textures[best.Class], pose);
            if (fit.Benefit <= best.Fit.Benefit)
                return helped;
            (best, helped) = (new Candidate(best.Class, pose, fit), true);
        }
    }

    private static GlyphPose Apply(GlyphPose pose, Change change, float step)
    {
        var growth = 1 + (Growth * step);
        return change switch
        {
            Change.MoveX => pose with { CenterX = pose.CenterX + step },
            Change.MoveY => pose with { CenterY = pose.CenterY + step },
            Change.Resize => pose with { Width = pose.Width * growth, Height = pose.Height * growth },
            Change.Rotate => pose with { Rotation = pose.Rotation + (Turn * step) },
            Change.StretchX => pose with { Width = pose.Width * growth },
            _ => pose with { Height = pose.Height * growth },
        };
    }

    private static bool IsPossible(GlyphPose pose) => MathF.Abs(pose.Rotation) <= MostRotation && pose.Width >= LeastSize && pose.Height >= LeastSize
        && pose.Width <= MostSize && pose.Height <= MostSize && pose.Width <= MostStretch * pose.Height && pose.Height <= MostStretch * pose.Width;
}

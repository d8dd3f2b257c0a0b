namespace Realign.Diffusion.Schedulers;

/// <summary>The noise levels that Sabour et al. 2024 ("Align Your Steps") found best for ten steps.</summary>
internal static class AlignYourSteps
{
    // published for the noise schedule of Stable Diffusion; the last is its smallest level, which is not stepped from
    private static readonly double[] StableDiffusion = [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029];
    private static readonly double[] Xl = [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029];

    /// <summary>Whether noise levels of training are those that the tables are for.</summary>
    public static bool Fit(SigmaSchedule train) =>
        Math.Abs(train.Largest - StableDiffusion[0]) < 0.01 && Math.Abs(train.Smallest - StableDiffusion[^1]) < 0.001;

    /// <summary>
    /// Levels of a run, without the final one: the table itself for ten steps, else evenly along the line through the logarithms of its levels.
    /// </summary>
    /// <param name="isXl">Which table.</param>
    /// <param name="steps">At least 1.</param>
    public static double[] Levels(bool isXl, int steps)
    {
        var table = isXl ? Xl : StableDiffusion;
        return [.. Enumerable.Range(0, steps).Select(i => At(table, i * ((table.Length - 1.0) / steps)))];
    }

    private static double At(double[] table, double place)
    {
        var low = Math.Min((int)place, table.Length - 2);
        var share = place - low;
        return share == 0 ? table[low] : Math.Exp(Math.Log(table[low]) + (share * (Math.Log(table[low + 1]) - Math.Log(table[low]))));
    }
}

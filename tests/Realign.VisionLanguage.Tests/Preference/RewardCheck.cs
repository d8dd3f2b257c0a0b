using Realign.Core.Images;
using Realign.VisionLanguage.Scoring;
using Shouldly;
using Xunit;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Tests.Preference;

/// <summary>Compares a reward with its formula in float64: the value, and the gradient with the slopes of the formula.</summary>
internal static class RewardCheck
{
    public const string Prompt = "a red car left of a pink elephant";

    /// <summary>Landscape, portrait, square, larger and smaller than the towers' input, and one whose edge leaves half a pixel.</summary>
    public static IReadOnlyList<(int Height, int Width)> Sizes { get; } = [(50, 83), (97, 60), (42, 42), (64, 71), (30, 20)];

    /// <summary>Smooth pixels of a seed, away from 0 and 1 so that no clamp is met.</summary>
    public static float[] Pixels(int height, int width)
    {
        var random = new Random((height * 1000) + width);
        var waves = Enumerable.Range(0, 9).Select(_ => (X: random.NextDouble() * 0.4, Y: random.NextDouble() * 0.4, At: random.NextDouble() * 6)).ToArray();
        var pixels = new float[3 * height * width];
        for (var i = 0; i < pixels.Length; i++)
        {
            var (channel, y, x) = (i / (height * width), i / width % height, i % width);
            pixels[i] = (float)(0.5 + (0.13 * waves.Skip(channel * 3).Take(3).Sum(wave => Math.Sin((wave.X * x) + (wave.Y * y) + wave.At))));
        }

        return pixels;
    }

    /// <summary>Runs all sizes.</summary>
    /// <param name="name">For the output.</param>
    /// <param name="score">The reward.</param>
    /// <param name="formula">(1, 3, H, W) float64 in [0, 1] -> a number.</param>
    /// <param name="scale">Largest value to expect of the reward: errors count relative to it.</param>
    public static void AgreesWith(
        string name, Func<IReadOnlyList<PicturePrompt>, bool, IReadOnlyList<ScoredPair>> score, Func<Tensor, Tensor> formula, double scale = 1)
    {
        double worstValue = 0, worstSlope = 0;
        foreach (var (height, width) in Sizes)
        {
            var pixels = Pixels(height, width);
            var scored = score([new PicturePrompt(new Picture(pixels, height, width), Prompt)], true).ShouldHaveSingleItem();
            double At(double[] values)
            {
                using var scope = NewDisposeScope();
                using var grad = no_grad();
                return formula(tensor(values, [1, 3, height, width], dtype: ScalarType.Float64)).item<double>();
            }

            double[] exact = [.. pixels.Select(value => (double)value)];
            worstValue = Math.Max(worstValue, Math.Abs(At(exact) - scored.Score) / scale);
            var gradient = scored.Gradient.ShouldNotBeNull();
            var largest = gradient.Max(value => Math.Abs(value));
            largest.ShouldBeGreaterThan(0);
            foreach (var index in Places(gradient))
            {
                const double Step = 1e-4;
                double Moved(double by)
                {
                    double[] moved = [.. exact];
                    moved[index] += by;
                    return At(moved);
                }

                worstSlope = Math.Max(worstSlope, Math.Abs(((Moved(Step) - Moved(-Step)) / (2 * Step)) - gradient[index]) / largest);
            }
        }

        TestContext.Current.SendDiagnosticMessage($"{name}: value {worstValue:e2}, gradient {worstSlope:e2} (relative)");
        worstValue.ShouldBeLessThan(1e-6, $"{name}: value");
        worstSlope.ShouldBeLessThan(2e-5, $"{name}: gradient");
    }

    // the steepest pixel, the corners, and some between
    private static IEnumerable<int> Places(float[] gradient) =>
        [Array.FindIndex(gradient, value => Math.Abs(value) == gradient.Max(Math.Abs)), 0, gradient.Length - 1, gradient.Length / 3, gradient.Length / 2];
}

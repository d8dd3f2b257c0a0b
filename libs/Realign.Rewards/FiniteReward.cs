using System.Globalization;
using Realign.Core.Errors;

namespace Realign.Rewards;

/// <summary>Nobody is given a reward or a gradient that is NaN or infinite: it would train a model to nothing, in silence.</summary>
public static class FiniteReward
{
    private const string WayOut = "when other images and texts give it too, the model's weights or its half precision are the cause: "
        + "check the weights, use float32; otherwise leave this one out";

    /// <summary>Refuses a value.</summary>
    /// <param name="reward">Name of the reward, e.g. <c>CLIP</c>.</param>
    /// <param name="value">Its value.</param>
    /// <param name="field">Field of the request that was scored; null where the caller names it.</param>
    /// <exception cref="FailedPreconditionException">It is not finite.</exception>
    public static void Check(string reward, float value, string? field = null)
    {
        if (!float.IsFinite(value))
            throw Refusal(field, $"the {reward} reward is {Text(value)}");
    }

    /// <summary>Refuses a gradient; its first bad element is named.</summary>
    /// <param name="reward">Name of the reward.</param>
    /// <param name="gradient">Its gradient.</param>
    /// <param name="field">Field of the request that was scored; null where the caller names it.</param>
    /// <exception cref="FailedPreconditionException">An element is not finite.</exception>
    public static void CheckGradient(string reward, ReadOnlySpan<float> gradient, string? field = null) =>
        CheckAll($"the gradient of the {reward} reward", gradient, field);

    /// <summary>Refuses an embedding that a reward would be computed from.</summary>
    /// <param name="embedding">Its numbers.</param>
    /// <param name="field">Field of the request that was embedded.</param>
    /// <exception cref="FailedPreconditionException">A number is not finite.</exception>
    public static void CheckEmbedding(ReadOnlySpan<float> embedding, string field) => CheckAll("the embedding", embedding, field);

    private static void CheckAll(string what, ReadOnlySpan<float> values, string? field)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
                throw Refusal(field, $"{what} is {Text(values[i])} at element {i}");
        }
    }

    private static FailedPreconditionException Refusal(string? field, string problem) =>
        new(field is null ? problem : $"{field}: {problem}", WayOut, field);

    private static string Text(float value) => value.ToString(CultureInfo.InvariantCulture);
}

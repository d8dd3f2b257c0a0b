using Realign.Core.Errors;

namespace Realign.Rewards;

/// <summary>The weighted sum of rewards of one image, and of their gradients. A result that is not finite is never given out.</summary>
public static class RewardSum
{
    /// <summary>Sum of weight times value, as a float32.</summary>
    /// <param name="terms">Name, weight and finite value of each reward.</param>
    /// <exception cref="FailedPreconditionException">A value is not finite, or the sum leaves float32.</exception>
    public static float Of(IReadOnlyList<(string Reward, float Weight, float Value)> terms)
    {
        double sum = 0;
        foreach (var (reward, weight, value) in terms)
        {
            FiniteReward.Check(reward, value);
            sum += (double)weight * value;
        }

        FiniteReward.Check("summed", (float)sum);
        return (float)sum;
    }

    /// <summary>Sum of weight times gradient, element by element, accumulated in double.</summary>
    /// <param name="terms">Name, weight and gradient of each reward; all gradients of one length, at least one.</param>
    /// <exception cref="FailedPreconditionException">A gradient holds a number that is not finite, or the sum leaves float32.</exception>
    public static float[] OfGradients(IReadOnlyList<(string Reward, float Weight, float[] Gradient)> terms)
    {
        var sum = new double[terms[0].Gradient.Length];
        foreach (var (reward, weight, gradient) in terms)
        {
            if (gradient.Length != sum.Length)
                throw new ArgumentException($"gradients of {sum.Length} and {gradient.Length} numbers", nameof(terms));
            FiniteReward.CheckGradient(reward, gradient);
            for (var i = 0; i < sum.Length; i++)
                sum[i] += (double)weight * gradient[i];
        }

        var result = Array.ConvertAll(sum, static value => (float)value);
        FiniteReward.CheckGradient("summed", result);
        return result;
    }
}

using Realign.Core.Errors;

namespace Realign.Training.Ddpo;

/// <summary>Rewards normalized per prompt over a sliding buffer, so that easy prompts do not drown hard ones.</summary>
/// <param name="bufferSize">Rewards remembered per prompt, at least 1.</param>
/// <param name="minCount">With fewer, mean and deviation of the whole epoch are used.</param>
public sealed class PromptAdvantages(int bufferSize, int minCount)
{
    private const double Guard = 1e-6;
    private readonly Dictionary<string, Queue<double>> _buffers = new(StringComparer.Ordinal);

    /// <summary>Takes in the rewards of an epoch, then normalizes them (population standard deviation + 1e-6).</summary>
    /// <param name="prompts">One per reward.</param>
    /// <param name="rewards">Finite numbers.</param>
    /// <exception cref="InvalidInputException">The sizes differ, there are none, or a reward is not finite.</exception>
    public double[] Update(IReadOnlyList<string> prompts, IReadOnlyList<double> rewards)
    {
        if (prompts.Count != rewards.Count || rewards.Count == 0 || rewards.Any(reward => !double.IsFinite(reward)))
        {
            throw new InvalidInputException("rewards", $"{rewards.Count} for {prompts.Count} prompts", "every prompt needs one finite reward",
                "leave out samples that could not be scored");
        }

        foreach (var (prompt, reward) in prompts.Zip(rewards))
        {
            var buffer = _buffers.TryGetValue(prompt, out var known) ? known : _buffers[prompt] = new Queue<double>();
            buffer.Enqueue(reward);
            if (buffer.Count > bufferSize)
                _ = buffer.Dequeue();
        }

        var epoch = Describe(rewards);
        return [.. prompts.Zip(rewards, (prompt, reward) =>
        {
            var (mean, deviation) = _buffers[prompt].Count < minCount ? epoch : Describe(_buffers[prompt]);
            return (reward - mean) / deviation;
        })];
    }

    /// <summary>Rewards remembered for a prompt.</summary>
    public int Count(string prompt) => _buffers.TryGetValue(prompt, out var buffer) ? buffer.Count : 0;

    private static (double Mean, double Deviation) Describe(IReadOnlyCollection<double> values)
    {
        var mean = values.Average();
        return (mean, Math.Sqrt(values.Average(value => (value - mean) * (value - mean))) + Guard);
    }
}

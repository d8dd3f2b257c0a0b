using Realign.Core.Errors;

namespace Realign.Diffusion.Schedulers;

/// <summary>Lists of the timesteps of training that a run visits. Descending; halves round to even.</summary>
internal static class TrainingTimesteps
{
    /// <summary>From 0 to the last timestep, both included.</summary>
    public static double[] Linspace(int train, int count) =>
        [.. Enumerable.Range(0, count).Select(i => count == 1 ? 0 : i * ((train - 1.0) / (count - 1))).Reverse()];

    /// <summary>Multiples of train / count from <paramref name="offset"/> on.</summary>
    public static double[] Leading(int train, int count, int offset) =>
        [.. Enumerable.Range(0, count).Select(i => (double)((i * (train / count)) + offset)).Reverse()];

    /// <summary>Evenly chosen ones of those that a model was distilled from.</summary>
    /// <param name="train">Timesteps of training.</param>
    /// <param name="taught">Steps of the schedule that was distilled.</param>
    /// <param name="count">Steps of the run.</param>
    /// <exception cref="InvalidInputException">There are not so many.</exception>
    public static double[] Distilled(int train, int taught, int count)
    {
        if (count > taught || taught > train)
        {
            throw new InvalidInputException("num_inference_steps", $"{count}", "more steps than the model was distilled from",
                $"use 1 to {Math.Min(taught, train)} steps");
        }

        return [.. Enumerable.Range(0, count).Select(i => (double)(((taught - (int)(i * ((double)taught / count))) * (train / taught)) - 1))];
    }

    /// <summary>From the last timestep downwards.</summary>
    public static double[] Trailing(int train, int count)
    {
        var ratio = (double)train / count;
        return [.. Enumerable.Range(0, count).Select(i => Math.Round(train - (i * ratio)) - 1)];
    }
}

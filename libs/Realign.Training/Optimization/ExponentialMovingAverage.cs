using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Training.Optimization;

/// <summary>Smoothed copy of weights. The first update copies them; then the decay grows with the number of updates up to its limit.</summary>
public sealed class ExponentialMovingAverage : IDisposable
{
    private readonly ExponentialMovingAverageOptions _options;
    private readonly List<Tensor> _averages;
    private int _updates;

    /// <summary>Starts from the weights as they are.</summary>
    public ExponentialMovingAverage(IEnumerable<Tensor> parameters, ExponentialMovingAverageOptions options)
    {
        _options = options;
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        _averages = [.. parameters.Select(parameter => parameter.detach().clone().DetachFromDisposeScope())];
    }

    /// <summary>The averages, in the order of the parameters; owned here.</summary>
    public IReadOnlyList<Tensor> Averages => _averages;

    /// <summary>Decay of an update.</summary>
    /// <param name="update">Number of the update, from 1.</param>
    /// <param name="options">Settings.</param>
    public static double Decay(int update, ExponentialMovingAverageOptions options)
    {
        var step = Math.Max(0, update - options.UpdateAfterStep - 1);
        if (step == 0)
            return 0;
        var grown = options.UseWarmup ? 1 - Math.Pow(1 + (step / options.InverseGamma), -options.Power) : (1.0 + step) / (10 + step);
        return Math.Max(Math.Min(grown, options.Decay), options.MinDecay);
    }

    /// <summary>Takes in weights after an optimizer step; returns the decay used.</summary>
    public double Update(IReadOnlyList<Tensor> parameters)
    {
        if (parameters.Count != _averages.Count)
            throw new ArgumentException($"{parameters.Count} parameters, expected {_averages.Count}", nameof(parameters));
        var decay = Decay(++_updates, _options);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        for (var i = 0; i < parameters.Count; i++)
            _averages[i].sub_(_averages[i].sub(parameters[i]).mul_(Scalars.Of(1 - decay)));
        return decay;
    }

    /// <inheritdoc/>
    public void Dispose() => _averages.ForEach(average => average.Dispose());
}

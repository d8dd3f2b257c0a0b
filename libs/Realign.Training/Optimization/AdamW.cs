using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Training.Optimization;

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter 2019): p *= 1 - lr wd; p -= lr m^ / (sqrt(v^) + eps). State is float32,
/// bound to the parameter objects given: place them before.
/// </summary>
public sealed class AdamW : IDisposable
{
    private readonly List<Slot> _slots;

    /// <summary>An optimizer for parameters that are updated in place.</summary>
    /// <param name="parameters">Leaf tensors in float32.</param>
    /// <param name="options">Hyperparameters.</param>
    public AdamW(IEnumerable<Tensor> parameters, AdamWOptions options)
    {
        Options = options;
        using var scope = NewDisposeScope();
        _slots = [.. parameters.Select(parameter => new Slot(
            parameter, zeros_like(parameter, requires_grad: false).DetachFromDisposeScope(), zeros_like(parameter, requires_grad: false)
                .DetachFromDisposeScope()))];
    }

    /// <summary>Hyperparameters.</summary>
    public AdamWOptions Options { get; }

    /// <summary>Updates made.</summary>
    public int Steps { get; private set; }

    /// <summary>First and second moments of a parameter, owned by the optimizer.</summary>
    public (Tensor First, Tensor Second) Moments(int index) => (_slots[index].First, _slots[index].Second);

    /// <summary>One update.</summary>
    /// <param name="gradients">One per parameter, in the order given to the constructor; null = the parameter is left alone.</param>
    /// <param name="learningRate">Learning rate of this step, at least 0.</param>
    public void Step(IReadOnlyList<Tensor?> gradients, double learningRate)
    {
        if (gradients.Count != _slots.Count)
            throw new ArgumentException($"{gradients.Count} gradients for {_slots.Count} parameters", nameof(gradients));
        if (!(learningRate >= 0))
            throw new ArgumentOutOfRangeException(nameof(learningRate), learningRate, "must be a number that is not negative");
        Steps++;
        var firstCorrection = 1 - Math.Pow(Options.Beta1, Steps);
        var rootCorrection = Math.Sqrt(1 - Math.Pow(Options.Beta2, Steps));
        using var noGradient = no_grad();
        for (var i = 0; i < _slots.Count; i++)
        {
            if (gradients[i] is { } gradient)
                _slots[i].Update(gradient, Options, learningRate, firstCorrection, rootCorrection);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var slot in _slots)
        {
            slot.First.Dispose();
            slot.Second.Dispose();
        }
    }

    private sealed record Slot(Tensor Parameter, Tensor First, Tensor Second)
    {
        public void Update(Tensor gradient, AdamWOptions options, double learningRate, double firstCorrection, double rootCorrection)
        {
            if (!gradient.shape.SequenceEqual(Parameter.shape))
                throw new ArgumentException($"gradient [{string.Join(", ", gradient.shape)}] of a parameter [{string.Join(", ", Parameter.shape)}]",
                    nameof(gradient));
            using var scope = NewDisposeScope();
            Parameter.mul_(Scalars.Of(1 - (learningRate * options.WeightDecay)));
            First.mul_(Scalars.Of(options.Beta1)).add_(gradient, Scalars.Of(1 - options.Beta1));
            Second.mul_(Scalars.Of(options.Beta2)).addcmul_(gradient, gradient, Scalars.Of(1 - options.Beta2));
            var denominator = Second.sqrt().div_(Scalars.Of(rootCorrection)).add_(Scalars.Of(options.Epsilon));
            Parameter.addcdiv_(First, denominator, Scalars.Of(-learningRate / firstCorrection));
        }
    }
}

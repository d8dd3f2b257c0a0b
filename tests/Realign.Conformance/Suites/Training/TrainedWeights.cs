using Realign.Conformance.Runner;
using Realign.Training.Optimization;
using static Realign.Conformance.Suites.Training.TrainingGolden;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.Training;

/// <summary>All parameters of a network, made trainable, and the comparison of their gradients with a golden.</summary>
internal sealed class TrainedWeights
{
    private readonly Dictionary<string, Tensor> _byName;

    public TrainedWeights(nn.Module module)
    {
        _byName = module.named_parameters().ToDictionary(item => item.name, item => (Tensor)item.parameter, StringComparer.Ordinal);
        foreach (var parameter in _byName.Values)
            parameter.requires_grad = true;
        Tensors = [.. _byName.Values];
    }

    public IList<Tensor> Tensors { get; }

    public Tensor this[string name] => _byName[name];

    public void Clear()
    {
        foreach (var tensor in Tensors)
            tensor.grad = null;
    }

    /// <summary>Norms of the gradients in the order of <paramref name="names"/>; 0 where none arrived.</summary>
    public double[] GradientNorms(IEnumerable<string> names) => [.. names.Select(name => GradientClip.TotalNorm([_byName[name].grad]))];

    /// <summary>Compares every gradient tensor that the golden holds under a prefix.</summary>
    public void Compare(TrainingGolden golden, CaseContext context, string prefix)
    {
        var names = Texts(golden.Json.GetProperty("parameter_names"));
        context.EqualSequence("parameter names", names.Order(StringComparer.Ordinal), _byName.Keys.Order(StringComparer.Ordinal));
        golden.Compare(context, prefix + "grad_norms", GradientNorms(names));
        golden.Compare(context, prefix + "grad_norm_total", [GradientClip.TotalNorm(Tensors.Select(tensor => tensor.grad))]);
        golden.Compare(context, prefix + "grad_dot_weight", [.. names.Select(DotWeight)]);
        foreach (var name in names.Where(name => golden.Has($"{prefix}grad.{name}")))
            golden.Compare(context, $"{prefix}grad.{name}", _byName[name].grad ?? zeros_like(_byName[name]));
    }

    private double DotWeight(string name)
    {
        if (_byName[name].grad is not { } gradient)
            return 0;
        using var scope = NewDisposeScope();
        return gradient.to(ScalarType.Float64).mul(_byName[name].detach().to(ScalarType.Float64)).sum().item<double>();
    }
}

using Realign.OpenInference.Tensors;

namespace Realign.OpenInference.Requests;

/// <summary>A request whose tensors fit the model's signature.</summary>
/// <param name="inputs">By their names.</param>
/// <param name="outputs">Names of those that are wanted; empty = all.</param>
public sealed class InferenceRequest(IReadOnlyDictionary<string, InferenceTensor> inputs, IReadOnlyList<string> outputs)
{
    /// <summary>All inputs.</summary>
    internal IReadOnlyDictionary<string, InferenceTensor> Inputs => inputs;

    /// <summary>Names of the outputs that are wanted; empty = all.</summary>
    internal IReadOnlyList<string> Outputs => outputs;

    /// <summary>An input that every request has.</summary>
    public InferenceTensor this[string name] => inputs[name];

    /// <summary>An input that may be left out.</summary>
    public InferenceTensor? Find(string name) => inputs.GetValueOrDefault(name);

    /// <summary>Whether an output is wanted.</summary>
    public bool Wants(string name) => outputs.Count == 0 || outputs.Contains(name, StringComparer.Ordinal);
}

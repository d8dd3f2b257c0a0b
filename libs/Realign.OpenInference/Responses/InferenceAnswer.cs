using Inference;
using Realign.OpenInference.Tensors;

namespace Realign.OpenInference.Responses;

/// <summary>What a model answers, or tells on the way.</summary>
/// <param name="outputs">Its tensors.</param>
public sealed class InferenceAnswer(params IReadOnlyList<OutputTensor> outputs)
{
    private readonly Dictionary<string, InferParameter> _parameters = new(StringComparer.Ordinal);

    /// <summary>Its tensors.</summary>
    public IReadOnlyList<OutputTensor> Outputs => outputs;

    /// <summary>What else it says.</summary>
    internal IReadOnlyDictionary<string, InferParameter> Parameters => _parameters;

    /// <summary>Says a number besides.</summary>
    public InferenceAnswer With(string name, long value) => With(name, new InferParameter { Int64Param = value });

    /// <summary>Says a number besides.</summary>
    public InferenceAnswer With(string name, double value) => With(name, new InferParameter { DoubleParam = value });

    /// <summary>Says a text besides.</summary>
    public InferenceAnswer With(string name, string value) => With(name, new InferParameter { StringParam = value });

    /// <summary>Says yes or no besides.</summary>
    public InferenceAnswer With(string name, bool value) => With(name, new InferParameter { BoolParam = value });

    private InferenceAnswer With(string name, InferParameter value)
    {
        _parameters[name] = value;
        return this;
    }
}

using Realign.OpenInference.Tensors;

namespace Realign.OpenInference.Models;

/// <summary>What the protocol tells of a model.</summary>
/// <param name="Name">As requests name it.</param>
/// <param name="Platform">What runs it, e.g. <c>onnxruntime_onnx</c>.</param>
/// <param name="Method">The call of the typed API that a request becomes, e.g. <c>/realign.v1.TaggerService/Tag</c>: both are the same kind of work.</param>
/// <param name="Inputs">What it takes.</param>
/// <param name="Outputs">What it gives.</param>
public sealed record ModelSignature(
    string Name, string Platform, string Method, IReadOnlyList<TensorSpec> Inputs, IReadOnlyList<TensorSpec> Outputs)
{
    /// <summary>Whether a request of a stream gets more answers than one.</summary>
    public bool IsDecoupled { get; init; }

    /// <summary>Which tensor a field of the typed API is, where they have other names: errors name what the caller sent.</summary>
    public IReadOnlyDictionary<string, string> Fields { get; init; } = new Dictionary<string, string>();

    /// <summary>The name of a field of the typed API, as this protocol has it, e.g. <c>layout.segments[0]</c> for <c>modulation.segments[0]</c>.</summary>
    internal string TensorOf(string field)
    {
        // the longest that it begins with, up to the end of a name
        var known = Fields.Keys.Where(name => Begins(field, name)).MaxBy(name => name.Length);
        return known is null ? field : Fields[known] + field[known.Length..];
    }

    private static bool Begins(string field, string name) =>
        field.StartsWith(name, StringComparison.Ordinal) && (field.Length == name.Length || field[name.Length] is '.' or '[');
}

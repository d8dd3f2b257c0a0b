using Realign.Core.Errors;

namespace Realign.Onnx.Internal;

/// <summary>Compares what is fed with what a graph declares, before native code sees it.</summary>
internal static class InputCheck
{
    /// <exception cref="InvalidInputException">An input is missing, unknown, of another type or of another shape.</exception>
    public static void Check(IReadOnlyDictionary<string, OnnxValueInfo> declared, IReadOnlyDictionary<string, OnnxTensor> fed)
    {
        foreach (var (name, tensor) in fed)
        {
            if (!declared.TryGetValue(name, out var info))
                throw new InvalidInputException(name, "given", "the graph has no such input", $"its inputs are {string.Join(", ", declared.Keys)}");
            if (info.ElementType != tensor.ElementType)
                throw new InvalidInputException(name, tensor.ElementType.ToString(), $"the graph declares {info}", $"feed {info.ElementType}");
            if (!info.Accepts(tensor.Shape))
                throw new InvalidInputException(name, $"[{string.Join(", ", tensor.Shape)}]", $"the graph declares {info}", "feed that shape");
        }

        foreach (var info in declared.Values)
        {
            if (!info.IsOptional && !fed.ContainsKey(info.Name))
                throw new InvalidInputException(info.Name, "missing", "the graph needs it", $"feed {info}");
        }
    }
}

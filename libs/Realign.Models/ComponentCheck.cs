using Realign.Core.Errors;
using Realign.Models.Torch;
using Realign.Safetensors;
using Realign.Torch.Weights;

namespace Realign.Models;

/// <summary>Compares the keys and shapes of a checkpoint with the structure its config describes, without reading or allocating weights.</summary>
/// <param name="Problems">Every missing, unexpected and mis-shaped key; empty = the file fits.</param>
/// <param name="Parameters">Numbers in the module tree.</param>
public sealed record ComponentCheck(IReadOnlyList<string> Problems, long Parameters)
{
    /// <summary>Checks one component.</summary>
    /// <param name="className">Class as the config or <c>model_index.json</c> names it.</param>
    /// <param name="configPath">Its <c>config.json</c>.</param>
    /// <param name="entries">Keys and shapes of its weights.</param>
    /// <exception cref="ModelLoadException">The class is unknown or the config cannot be used.</exception>
    public static ComponentCheck Run(string className, string configPath, IReadOnlyDictionary<string, SafetensorsEntry> entries)
    {
        var architecture = Architecture.Build(className, configPath);
        using (architecture.Module)
            return new ComponentCheck(StateDict.Check(architecture.Module, entries, architecture.Rules), architecture.Parameters);
    }
}

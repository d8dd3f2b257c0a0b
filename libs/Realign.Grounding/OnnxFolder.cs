using Realign.Core.Errors;
using Realign.Core.Files;

namespace Realign.Grounding;

/// <summary>Finds the graphs of a snapshot: in its <c>onnx</c> folder, as published, or beside the other files.</summary>
internal static class OnnxFolder
{
    /// <exception cref="ModelLoadException">None of the names is there.</exception>
    public static string Find(string folder, IReadOnlyList<string> names)
    {
        ModelFolder.Require(folder, names);
        return names.SelectMany(name => new[] { Path.Combine(folder, "onnx", name), Path.Combine(folder, name) }).FirstOrDefault(ModelFile.Exists)
            ?? throw ModelFolder.Lacks(folder, names);
    }
}

using Realign.Core.Errors;

namespace Realign.Grounding;

/// <summary>Finds the graphs of a snapshot: in its <c>onnx</c> folder, as published, or beside the other files.</summary>
internal static class OnnxFolder
{
    /// <exception cref="ModelLoadException">None of the names is there.</exception>
    public static string Find(string folder, IReadOnlyList<string> names)
    {
        if (!Directory.Exists(folder))
            throw new ModelLoadException(folder, "the folder does not exist", "check the path");
        return names.SelectMany(name => new[] { Path.Combine(folder, "onnx", name), Path.Combine(folder, name) }).FirstOrDefault(File.Exists)
            ?? throw new ModelLoadException(folder, $"no graph: {string.Join(" or ", names)} is needed, here or in onnx/", "download the ONNX files of the model");
    }
}

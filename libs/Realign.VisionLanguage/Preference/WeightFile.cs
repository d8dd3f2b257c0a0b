using Realign.Core.Errors;
using Realign.Core.Files;

namespace Realign.VisionLanguage.Preference;

/// <summary>The one weight file that a setting names, directly or by its folder.</summary>
internal static class WeightFile
{
    /// <summary>Its path.</summary>
    /// <param name="path">A file, or a folder.</param>
    /// <param name="published">Name it is published under; of several files in a folder it is the one.</param>
    /// <exception cref="ModelLoadException">The folder has none, or several of other names.</exception>
    public static string Find(string path, string published)
    {
        if (!Directory.Exists(path))
            return path;
        var named = Path.Combine(path, published);
        if (ModelFile.Exists(named))
            return named;
        var files = Directory.GetFiles(path, "*.safetensors").Order(StringComparer.Ordinal).ToList();
        return files switch
        {
            [var one] => one,
            [] => throw ModelFolder.Lacks(path, published),
            _ => throw new ModelLoadException(path, $"{string.Join(", ", files.Select(file => Path.GetFileName(file)))}: which is meant?", "name the file"),
        };
    }
}

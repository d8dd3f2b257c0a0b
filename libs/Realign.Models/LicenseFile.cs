using Realign.Core.Files;

namespace Realign.Models;

/// <summary>Where a model says under which license it may be used.</summary>
internal static class LicenseFile
{
    private const int MaxCardLines = 200;
    private static readonly string[] Prefixes = ["LICENSE", "LICENCE", "COPYING", "USE_POLICY"];

    /// <summary>License files of a folder (or of the one around a file), else the model card's entry, else null.</summary>
    public static string? Find(string path)
    {
        var folder = Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!;
        var names = Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file))
            .Where(name => Array.Exists(Prefixes, prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
            .Order(StringComparer.Ordinal).ToList();
        return names.Count > 0 ? string.Join(", ", names) : FromCard(Path.Combine(folder, "README.md"));
    }

    // model cards begin with a block of YAML between lines of three dashes
    private static string? FromCard(string path)
    {
        if (ModelFile.LengthOf(path) == 0)
            return null;
        var lines = File.ReadLines(path).Take(MaxCardLines).ToList();
        if (lines is not ["---", ..])
            return null;
        return lines.Skip(1).TakeWhile(line => line != "---")
            .Where(line => line.StartsWith("license:", StringComparison.Ordinal))
            .Select(line => $"README.md: {line["license:".Length..].Trim().Trim('"', '\'')}")
            .FirstOrDefault();
    }
}

using System.Globalization;
using System.Text.RegularExpressions;
using Realign.Core.Errors;
using Realign.Core.Files;

namespace Realign.Llama.Gguf;

/// <summary>
/// Models in several files, as llama.cpp's <c>llama-gguf-split</c> names them: <c>name-00001-of-00003.gguf</c>. llama.cpp finds the others
/// itself when the first is opened, so each is checked before.
/// </summary>
public static partial class GgufParts
{
    private const int MaxParts = 1000;

    /// <summary>Whether a file name is that of a part that is opened through the first one.</summary>
    public static bool IsLater(string path) => PartName().Match(Path.GetFileName(path)) is { Success: true } match && Number(match, "part") > 1;

    /// <summary>All files of a model, in order; the file alone when it is not split.</summary>
    public static IReadOnlyList<string> Of(GgufFile first) => first.Integer("split.count") is > 1 and <= MaxParts and var count
        && PartName().Match(Path.GetFileName(first.Path)) is { Success: true } match
        ? [.. Enumerable.Range(1, (int)count).Select(part => Path.Combine(Path.GetDirectoryName(first.Path)!,
            string.Create(CultureInfo.InvariantCulture, $"{match.Groups["stem"].Value}-{part:00000}-of-{count:00000}.gguf")))]
        : [first.Path];

    /// <summary>The tensors of all parts.</summary>
    /// <param name="first">Header of the file that was named.</param>
    /// <exception cref="ModelLoadException">It is not the first part, or a part is missing or of another model; lists all.</exception>
    internal static List<GgufTensorInfo> Tensors(GgufFile first)
    {
        var paths = Of(first);
        if (paths.Count == 1 || Path.GetFileName(paths[0]) != Path.GetFileName(first.Path) || first.Integer("split.no") != 0)
        {
            throw new ModelLoadException(first.Path, $"it is part {first.Integer("split.no") + 1} of a model of {first.Integer("split.count")} files and "
                + $"is not named as the first one",
                "name the file that ends with -00001-of-*.gguf, as it was downloaded");
        }

        var problems = paths.Where(path => !ModelFile.Exists(path)).Select(path => $"part {Path.GetFileName(path)} is missing").ToList();
        var tensors = new List<GgufTensorInfo>(first.Tensors);
        foreach (var (index, path) in paths.Index().Skip(1).Where(part => problems.Count == 0))
        {
            var part = GgufFile.Open(path);
            if (part.Integer("split.no") != index || part.Integer("split.count") != paths.Count)
                problems.Add($"{Path.GetFileName(path)} says that it is part {part.Integer("split.no") + 1} of {part.Integer("split.count")}");
            tensors.AddRange(part.Tensors);
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        problems.AddRange(tensors.Where(tensor => !names.Add(tensor.Name)).Select(tensor => $"tensor '{tensor.Name}' is in two parts"));
        if (problems.Count == 0 && first.Integer("split.tensors.count") is { } count && count != tensors.Count)
            problems.Add($"split.tensors.count is {count}, the parts have {tensors.Count} tensors");
        return problems.Count == 0 ? tensors : throw new ModelLoadException(first.Path, problems, "download all parts of the same revision into one folder");
    }

    private static int Number(Match match, string group) => int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<stem>.+)-(?<part>[0-9]{5})-of-(?<count>[0-9]{5})\.gguf$")]
    private static partial Regex PartName();
}

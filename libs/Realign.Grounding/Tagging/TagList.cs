using System.Globalization;
using System.Text;
using Realign.Core.Errors;
using Realign.Core.Files;

namespace Realign.Grounding.Tagging;

/// <summary>Names, thresholds and deletions of a tagger, from the text files that are published beside its graph.</summary>
public sealed class TagList
{
    /// <summary>Threshold of a tag without a line in the threshold file (the reference's constructor default).</summary>
    public const float DefaultThreshold = 0.68f;

    private static readonly string[] NameFiles = ["ram_tag_list.txt", "tag2text_ori_tag_list.txt", "tag_list.txt", "ram_plus_tags.txt", "tags.txt"];
    private static readonly string[] ThresholdFiles = ["ram_tag_list_threshold.txt", "ram_plus_thresholds.txt", "thresholds.txt"];
    private static readonly string[] DeleteFiles = ["ram_tag_list_delete.txt", "delete_tag_index.txt"];

    /// <summary>A list from values.</summary>
    /// <param name="names">Names in the order of the logits.</param>
    /// <param name="thresholds">At most as many; the rest gets <see cref="DefaultThreshold"/>.</param>
    /// <param name="deleted">Indices of tags that cannot be grounded.</param>
    public TagList(IReadOnlyList<string> names, IReadOnlyList<float> thresholds, IReadOnlySet<int> deleted)
    {
        ArgumentNullException.ThrowIfNull(names);
        ArgumentNullException.ThrowIfNull(thresholds);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(thresholds.Count, names.Count, nameof(thresholds));
        Names = names;
        Thresholds = [.. thresholds, .. Enumerable.Repeat(DefaultThreshold, names.Count - thresholds.Count)];
        Deleted = deleted;
    }

    /// <summary>Names in the order of the logits; a trailing blank of a line is kept, as in the reference.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>One a name.</summary>
    public float[] Thresholds { get; }

    /// <summary>Indices of tags that a detector cannot look for.</summary>
    public IReadOnlySet<int> Deleted { get; }

    /// <summary>Reads the files of a folder.</summary>
    /// <exception cref="ModelLoadException">The tag list is missing, or the files disagree; lists every problem.</exception>
    public static TagList Load(string folder)
    {
        var namePath = Find(folder, NameFiles)
            ?? throw new ModelLoadException(folder, $"no tag list: one of {string.Join(", ", NameFiles)} is needed",
                "put the list the model was published with beside its graph");
        var names = Lines(namePath);
        List<string> problems = [];
        var thresholds = ReadThresholds(Find(folder, ThresholdFiles), names.Length, problems);
        var deleted = ReadDeleted(Find(folder, DeleteFiles), names, problems);
        return problems.Count == 0
            ? new TagList(names, thresholds, deleted)
            : throw new ModelLoadException(folder, problems, "use the files of one and the same model");
    }

    private static string? Find(string folder, string[] candidates) =>
        candidates.Select(name => Path.Combine(folder, name)).FirstOrDefault(ModelFile.Exists);

    private static string[] Lines(string path)
    {
        var lines = Encoding.UTF8.GetString(ModelText.Read(path)).Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n');
        return lines is [.. var most, ""] ? most : lines;
    }

    private static List<float> ReadThresholds(string? path, int count, List<string> problems)
    {
        var thresholds = new List<float>();
        if (path is null)
            return thresholds;
        var lines = Lines(path);
        if (lines.Length > count)
            problems.Add($"{Path.GetFileName(path)} has {lines.Length} lines for {count} tags");
        for (var i = 0; i < Math.Min(lines.Length, count); i++)
        {
            if (float.TryParse(lines[i], NumberStyles.Float, CultureInfo.InvariantCulture, out var threshold) && threshold is >= 0 and <= 1)
                thresholds.Add(threshold);
            else
                problems.Add($"{Path.GetFileName(path)} line {i + 1}: '{lines[i]}' is not a number from 0 to 1");
        }

        return thresholds;
    }

    /// <summary>The published code takes indices; a file may also have the words, which survive a change of the list.</summary>
    private static HashSet<int> ReadDeleted(string? path, string[] names, List<string> problems)
    {
        var deleted = new HashSet<int>();
        if (path is null)
            return deleted;
        var lines = Lines(path).Where(line => line.Length > 0).ToList();
        var areIndices = lines.All(line => int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out _));
        foreach (var line in lines)
        {
            var index = areIndices ? int.Parse(line, CultureInfo.InvariantCulture) : Array.IndexOf(names, line);
            if (index >= 0 && index < names.Length)
                _ = deleted.Add(index);
            else
                problems.Add($"{Path.GetFileName(path)}: '{line}' is not in the tag list");
        }

        return deleted;
    }
}

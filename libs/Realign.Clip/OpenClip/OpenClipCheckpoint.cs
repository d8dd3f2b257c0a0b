using Realign.Core.Errors;
using Realign.Safetensors;
using Realign.Torch.Weights;

namespace Realign.Clip.OpenClip;

/// <summary>Both towers of a CLIP in one <c>.safetensors</c> file of OpenCLIP's layout, under the names of <see cref="CLIPModel"/>.</summary>
public sealed class OpenClipCheckpoint : IDisposable
{
    private const string Visual = "visual.";
    private readonly SafetensorsFile _file;
    private readonly HashSet<string> _transposed = new(StringComparer.Ordinal);

    private OpenClipCheckpoint(SafetensorsFile file)
    {
        _file = file;
        Config = OpenClipConfig.Load(Path.GetDirectoryName(Path.GetFullPath(file.Path))!);
        Weights = SafetensorsSet.Of(file.Path, file.Select(Sort()));
        Rules = CLIPModel.Rules with
        {
            AcceptsShape = (key, found, wanted) => found.SequenceEqual(_transposed.Contains(key) ? wanted.Reverse() : wanted),
            Reshape = (key, _, tensor) => _transposed.Contains(key) ? tensor.t().contiguous() : tensor,
        };
    }

    /// <summary>Sizes: those of <c>open_clip_config.json</c> beside the file, else of ViT-H-14.</summary>
    public CLIPConfig Config { get; }

    /// <summary>Its tensors under the module's names; valid as long as this is open.</summary>
    public SafetensorsSet Weights { get; }

    /// <summary>How they are laid out.</summary>
    public KeyRules Rules { get; }

    /// <summary>Whether keys are those of both towers in this layout.</summary>
    public static bool IsLayoutOf(IReadOnlyDictionary<string, SafetensorsEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        return entries.ContainsKey("visual.conv1.weight") && entries.ContainsKey("token_embedding.weight");
    }

    /// <summary>Opens a file.</summary>
    /// <exception cref="ModelLoadException">It is broken or of another layout, or the config beside it cannot be used; lists every problem.</exception>
    public static OpenClipCheckpoint Open(string path)
    {
        var file = SafetensorsFile.Open(path);
        try
        {
            return IsLayoutOf(file.Entries)
                ? new OpenClipCheckpoint(file)
                : throw new ModelLoadException(path, "it is no CLIP in OpenCLIP's layout (visual.conv1.weight, token_embedding.weight, ...)",
                    "name a file of that layout, or the folder of a CLIPModel with its config.json");
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    // what has no place keeps its name, and is reported as unexpected
    private IEnumerable<SafetensorsEntry> Sort()
    {
        var placed = new Dictionary<string, (SafetensorsEntry Entry, string Key)>(StringComparer.Ordinal);
        var problems = new List<string>();
        foreach (var (key, entry) in _file.Entries)
        {
            // the causal mask, which is recomputed
            if (key == "attn_mask")
                continue;
            var target = key.StartsWith(Visual, StringComparison.Ordinal) ? OpenClipKeys.FindVisual(key[Visual.Length..]) : OpenClipKeys.Find(key);
            if (key is "visual.proj" or "text_projection")
                _ = _transposed.Add(target!);
            if (OpenClipKeys.Place(entry, target ?? key) is not { } parts)
            {
                problems.Add($"key '{key}' has shape [{string.Join(", ", entry.Shape)}], three projections of equal size are needed");
                continue;
            }

            foreach (var part in parts)
            {
                if (!placed.TryAdd(part.Name, (part, key)))
                    problems.Add($"keys '{placed[part.Name].Key}' and '{key}' are the same parameter '{part.Name}'");
            }
        }

        return problems.Count == 0
            ? placed.Values.Select(pair => pair.Entry)
            : throw new ModelLoadException(_file.Path, problems, StateDict.WayOut);
    }
}

using System.Text.Json;
using Realign.Diffusion.Checkpoints;

namespace Realign.Diffusion.Adapters;

/// <summary>
/// What trainers write into the header: kohya's <c>ss_*</c> and Stability's <c>modelspec.*</c>. Texts of strangers: cut, without control characters.
/// </summary>
/// <param name="metadata">The header's texts.</param>
internal sealed class TrainingMetadata(IReadOnlyDictionary<string, string> metadata)
{
    private const int MostWords = 20;
    private const int MostLetters = 200;
    private const int MostTagLetters = 4 << 20;

    /// <summary>Title, else the name it was saved under; empty when there is neither.</summary>
    public string Title => Text("modelspec.title") is { Length: > 0 } title ? title : Text("ss_output_name");

    /// <summary>Trigger phrase, else tags of the training pictures, the most frequent first.</summary>
    public IReadOnlyList<string> TriggerWords => Text("modelspec.trigger_phrase") is { Length: > 0 } phrase
        ? [.. phrase.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Take(MostWords)]
        : [.. Tags().OrderByDescending(tag => tag.Value).ThenBy(tag => tag.Key, StringComparer.Ordinal).Take(MostWords).Select(tag => Clean(tag.Key))];

    /// <summary>Family of the base model; null when none is told.</summary>
    public CheckpointFamily? Family
    {
        get
        {
            var told = $"{Text("modelspec.architecture")} {Text("ss_base_model_version")}".ToUpperInvariant();
            return told.Contains("XL", StringComparison.Ordinal) ? CheckpointFamily.StableDiffusionXL
                : told.Contains("V2", StringComparison.Ordinal) ? CheckpointFamily.StableDiffusion2
                : told.Contains("V1", StringComparison.Ordinal) ? CheckpointFamily.StableDiffusion1 : null;
        }
    }

    private string Text(string name) => metadata.TryGetValue(name, out var text) ? Clean(text) : "";

    private static string Clean(string text)
    {
        var kept = text.Length > MostLetters ? text[..MostLetters] : text;
        // a letter of two halves that was cut through
        if (kept.Length > 0 && char.IsHighSurrogate(kept[^1]))
            kept = kept[..^1];
        return new string([.. kept.Where(letter => !char.IsControl(letter))]).Trim();
    }

    // folder of pictures -> tag -> how often
    private Dictionary<string, long> Tags()
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        if (!metadata.TryGetValue("ss_tag_frequency", out var json) || json.Length > MostTagLetters)
            return counts;
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8 });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return counts;
            foreach (var folder in document.RootElement.EnumerateObject().Where(item => item.Value.ValueKind == JsonValueKind.Object))
            {
                foreach (var tag in folder.Value.EnumerateObject())
                {
                    var name = tag.Name.Trim();
                    if (name.Length > 0 && tag.Value.ValueKind == JsonValueKind.Number && tag.Value.TryGetInt64(out var count))
                        counts[name] = unchecked(counts.GetValueOrDefault(name) + count);
                }
            }
        }
        catch (JsonException)
        {
            // told by others, needed by nobody: what cannot be read is not there
        }

        return counts;
    }
}

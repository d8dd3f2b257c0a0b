using System.Text.Json;
using Realign.Core.Configs;
using Realign.Core.Errors;
using Realign.Core.Files;

namespace Realign.SceneScoring;

/// <summary>What may appear with what, and other names of things: <c>affinity.json</c> beside a model.</summary>
public sealed class SceneKnowledge
{
    private readonly Dictionary<string, HashSet<string>> _possible = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string[]> _synonyms = new(StringComparer.Ordinal);

    /// <summary>Knows nothing: then a tag that the prompt does not name is never possible, only certain or absent.</summary>
    public static SceneKnowledge None { get; } = new();

    /// <summary>Reads a file.</summary>
    /// <exception cref="ModelLoadException">It is not of that form.</exception>
    public static SceneKnowledge Load(string path)
    {
        var knowledge = new SceneKnowledge();
        try
        {
            using var document = StrictJson.Parse(ModelText.Read(path));
            foreach (var item in document.RootElement.GetProperty("possible").EnumerateObject())
                knowledge._possible[item.Name] = [.. item.Value.EnumerateArray().Select(other => other.GetString()!)];
            foreach (var item in document.RootElement.GetProperty("synonyms").EnumerateObject())
                knowledge._synonyms[item.Name] = [.. item.Value.EnumerateArray().Select(other => other.GetString()!)];
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new ModelLoadException(path, "it is not a table of possible objects and synonyms", "restore it, or remove it", exception);
        }

        return knowledge;
    }

    /// <summary>Whether an image of one thing may naturally show the other.</summary>
    public bool MayAppearWith(string noun, string other) => _possible.TryGetValue(noun, out var others) && others.Contains(other);

    /// <summary>A tag and its other names.</summary>
    public IEnumerable<string> NamesOf(string tag) => _synonyms.TryGetValue(tag, out var names) ? [tag, .. names] : [tag];

    /// <summary>The tag that a name stands for, or the name itself.</summary>
    public string TagOf(string name) => _synonyms.FirstOrDefault(pair => pair.Value.Contains(name)) is { Key: { } tag } ? tag : name;
}

using System.Text.Json;
using Realign.Core.Calls;
using Realign.Core.Configs;
using Realign.Core.Errors;
using Realign.Core.Files;

namespace Realign.Hosting.Access;

/// <summary>
/// The file of the keys that a service takes: <c>{"keys": [{"name", "sha256", "scopes", "delegates", "calls_per_minute"}]}</c>. It holds no key, only the
/// SHA-256 of each.
/// </summary>
internal static class KeyFile
{
    private const int MaxKeys = 10_000;
    private const int MaxCalls = 1_000_000;
    private const int HashLength = 64;

    /// <summary>Reads it.</summary>
    /// <returns>Keys by their SHA-256 in lower-case hexadecimal digits.</returns>
    /// <exception cref="ModelLoadException">It is not there or not usable; lists every problem.</exception>
    public static IReadOnlyDictionary<string, AccessKey> Read(string path)
    {
        var root = Parse(path);
        var problems = new List<string>();
        var keys = new Dictionary<string, AccessKey>(StringComparer.Ordinal);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (index, entry) in root.Index())
        {
            var reader = ConfigReader.Parse($"keys[{index}]", entry);
            try
            {
                var (hash, key) = Entry(reader);
                if (!names.Add(key.Name) || !keys.TryAdd(hash, key))
                    problems.Add($"keys[{index}]: the name or the key is there already");
            }
            catch (ModelLoadException exception)
            {
                problems.AddRange(exception.Problems.Select(problem => $"keys[{index}]: {problem}"));
            }
        }

        return problems.Count == 0 ? keys : throw Unusable(path, problems);
    }

    private static List<JsonElement> Parse(string path)
    {
        try
        {
            var root = StrictJson.Parse(ModelText.Read(path)).RootElement;
            return root.ValueKind == JsonValueKind.Object && root.TryGetProperty("keys", out var keys) && keys.ValueKind == JsonValueKind.Array
                && keys.GetArrayLength() is > 0 and <= MaxKeys && keys.EnumerateArray().All(entry => entry.ValueKind == JsonValueKind.Object)
                ? [.. keys.EnumerateArray()]
                : throw Unusable(path, [$"it is no object with a list \"keys\" of 1 to {MaxKeys} objects"]);
        }
        catch (JsonException exception)
        {
            throw Unusable(path, [$"it is not JSON: {exception.Message}"]);
        }
    }

    private static (string Hash, AccessKey Key) Entry(ConfigReader reader)
    {
        var name = reader.Text("name");
        var hash = reader.Text("sha256");
        reader.Require(name.Length is > 0 and <= 128, "name has 1 to 128 characters");
        reader.Require(hash.Length == HashLength && hash.All(char.IsAsciiHexDigitLower), "sha256 is not 64 lower-case hexadecimal digits");
        var scopes = reader.Texts("scopes", [.. AccessScopes.All]);
        reader.Require(scopes.Count > 0, "scopes is empty: name the services it may call, or \"*\"");
        var delegates = reader.Bool("delegates", false);
        int? calls = reader.Has("calls_per_minute") ? reader.Int("calls_per_minute", min: 1, max: MaxCalls) : null;
        reader.ThrowIfAny();
        return (hash, new AccessKey(name, scopes.ToHashSet(StringComparer.Ordinal), delegates, calls));
    }

    private static ModelLoadException Unusable(string path, IReadOnlyList<string> problems) =>
        new(path, problems, "write entries with: realign keys new NAME --scope SERVICE");
}

using System.Text.Json;
using Realign.Core.Calls;
using Realign.Core.Configs;
using Realign.Core.Errors;
using Realign.Core.Files;

namespace Realign.Hosting.Access;

/// <summary>
/// The file of the keys that a service takes: <c>{"keys": [{"name", "sha256", "scopes", "delegates", "calls_per_minute", "megapixel_steps", "window_seconds",
/// "adapters", "embeddings"}]}</c>. It holds no key, only the SHA-256 of each.
/// </summary>
internal static class KeyFile
{
    private const int MaxKeys = 10_000;
    private const int MaxCalls = 1_000_000;
    private const int MaxWindowSeconds = 31 * 86_400;
    private const int DefaultWindowSeconds = 3600;
    private const double MaxSteps = 1e12;
    private const int MaxNames = 1000;
    private const int HashLength = 64;

    private static readonly string[] _fields =
        ["name", "sha256", "scopes", "delegates", "calls_per_minute", "megapixel_steps", "window_seconds", "adapters", "embeddings"];

    /// <summary>Reads it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="time">Clock of what the keys may spend.</param>
    /// <returns>Keys by their SHA-256 in lower-case hexadecimal digits.</returns>
    /// <exception cref="ModelLoadException">It is not there or not usable; lists every problem.</exception>
    public static IReadOnlyDictionary<string, AccessKey> Read(string path, TimeProvider time)
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
                var (hash, key) = Entry(reader, entry, time);
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

    private static (string Hash, AccessKey Key) Entry(ConfigReader reader, JsonElement entry, TimeProvider time)
    {
        var name = reader.Text("name");
        var hash = reader.Text("sha256");
        reader.Require(name.Length is > 0 and <= 128, "name has 1 to 128 characters");
        reader.Require(hash.Length == HashLength && hash.All(char.IsAsciiHexDigitLower), "sha256 is not 64 lower-case hexadecimal digits");
        var scopes = reader.Texts("scopes", [.. AccessScopes.All]);
        reader.Require(scopes.Count > 0, "scopes is empty: name the services it may call, or \"*\"");
        var delegates = reader.Bool("delegates", false);
        int? calls = reader.Has("calls_per_minute") ? reader.Int("calls_per_minute", min: 1, max: MaxCalls) : null;
        double? steps = reader.Has("megapixel_steps") ? reader.Double("megapixel_steps", min: double.Epsilon, max: MaxSteps) : null;
        var window = TimeSpan.FromSeconds(reader.Int("window_seconds", DefaultWindowSeconds, 1, MaxWindowSeconds));
        reader.Require(steps is not null || !reader.Has("window_seconds"), "window_seconds belongs to megapixel_steps");
        var key = new AccessKey
        {
            Name = name,
            Scopes = scopes.ToHashSet(StringComparer.Ordinal),
            Delegates = delegates,
            CallsPerMinute = calls,
            Steps = steps is { } limit ? new StepBudget(limit, window, time) : null,
            Adapters = Names(reader, entry, "adapters"),
            Embeddings = Names(reader, entry, "embeddings"),
        };
        foreach (var field in entry.EnumerateObject().Where(field => !_fields.Contains(field.Name)))
            reader.Problem($"there is no {field.Name}. Use {string.Join(", ", _fields)}");
        reader.ThrowIfAny();
        return (hash, key);
    }

    private static NameList Names(ConfigReader reader, JsonElement entry, string field)
    {
        if (!entry.TryGetProperty(field, out var names))
            return new NameList([]);
        if (names.ValueKind == JsonValueKind.Array && names.GetArrayLength() <= MaxNames
            && names.EnumerateArray().All(name => name.ValueKind == JsonValueKind.String && name.GetString()!.IndexOf('*') is var star
                && (star < 0 || star == name.GetString()!.Length - 1)))
            return new NameList(names.EnumerateArray().Select(name => name.GetString()!));
        reader.Problem($"{field} is no list of names, each with * at its end or nowhere");
        return new NameList([]);
    }

    private static ModelLoadException Unusable(string path, IReadOnlyList<string> problems) =>
        new(path, problems, "write entries with: realign keys new NAME --scope SERVICE");
}

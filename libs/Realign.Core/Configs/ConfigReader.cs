using System.Globalization;
using System.Text.Json;
using Realign.Core.Errors;
using Realign.Core.Files;

namespace Realign.Core.Configs;

/// <summary>
/// Reads the fields of a published <c>config.json</c>. Problems are collected, so that one <see cref="ModelLoadException"/> names
/// every field that is missing, of the wrong kind or has a value this code does not implement.
/// </summary>
public sealed class ConfigReader
{
    private const int MaxBytes = 16 << 20;
    private readonly JsonElement _root;
    private readonly string _prefix;
    private readonly List<string> _problems;

    private ConfigReader(string path, JsonElement root, string prefix, List<string> problems)
    {
        Path = path;
        _root = root;
        _prefix = prefix;
        _problems = problems;
    }

    /// <summary>The file that was read.</summary>
    public string Path { get; }

    /// <summary>Opens a config file.</summary>
    /// <exception cref="ModelLoadException">It is missing, too large or not a JSON object.</exception>
    public static ConfigReader Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return ModelFile.Exists(path)
            ? Parse(path, ModelText.Read(path, MaxBytes))
            : throw ModelFolder.Lacks(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!, System.IO.Path.GetFileName(path));
    }

    /// <summary>Reads a config from its bytes.</summary>
    /// <param name="path">What error messages call it.</param>
    /// <param name="utf8">JSON text.</param>
    public static ConfigReader Parse(string path, ReadOnlyMemory<byte> utf8)
    {
        try
        {
            using var document = StrictJson.Parse(PythonJson.Standardise(utf8));
            DecodeTexts(document.RootElement);
            return Parse(path, document.RootElement.Clone());
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new ModelLoadException(path, $"not JSON: {exception.Message}", "download it again", exception);
        }
    }

    /// <summary>Reads a config that is part of another one.</summary>
    public static ConfigReader Parse(string path, JsonElement root) => root.ValueKind == JsonValueKind.Object
        ? new ConfigReader(path, root, "", [])
        : throw new ModelLoadException(path, "not a JSON object", "download it again");

    /// <summary>A reader of the same object that knows of no problems yet.</summary>
    public ConfigReader Again() => new(Path, _root, _prefix, []);

    /// <summary>A nested object, which reports into the same list of problems; an absent one reads as empty.</summary>
    public ConfigReader Section(string name)
    {
        if (Has(name) && _root.GetProperty(name) is var value)
        {
            if (value.ValueKind == JsonValueKind.Object)
                return new ConfigReader(Path, value, $"{_prefix}{name}.", _problems);
            _ = Reject(name, value, "an object", 0);
        }

        using var empty = JsonDocument.Parse("{}");
        return new ConfigReader(Path, empty.RootElement.Clone(), $"{_prefix}{name}.", _problems);
    }

    /// <summary>Whether the field is there and not null.</summary>
    public bool Has(string name) => _root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>A whole number within limits; the default stands in for an absent or null field.</summary>
    public int Int(string name, int? fallback = null, int min = 1, int max = 1 << 24)
    {
        if (!TryGet(name, fallback is not null, out var value))
            return fallback ?? min;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= min && number <= max)
            return number;
        return Reject(name, value, $"a whole number from {min} to {max}", fallback ?? min);
    }

    /// <summary>A finite number within limits.</summary>
    public double Double(string name, double? fallback = null, double min = double.MinValue, double max = double.MaxValue)
    {
        if (!TryGet(name, fallback is not null, out var value))
            return fallback ?? 0;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number >= min && number <= max)
            return number;
        return Reject(name, value, string.Create(CultureInfo.InvariantCulture, $"a number from {min} to {max}"), fallback ?? 0);
    }

    /// <summary>true or false.</summary>
    public bool Bool(string name, bool? fallback = null)
    {
        if (!TryGet(name, fallback is not null, out var value))
            return fallback ?? false;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : Reject(name, value, "true or false", fallback ?? false);
    }

    /// <summary>A text.</summary>
    public string Text(string name, string? fallback = null)
    {
        if (!TryGet(name, fallback is not null, out var value))
            return fallback ?? "";
        return value.ValueKind == JsonValueKind.String ? value.GetString()! : Reject(name, value, "a text", fallback ?? "");
    }

    /// <summary>One of the values that are implemented.</summary>
    public string OneOf(string name, string? fallback, params string[] allowed)
    {
        var text = Text(name, fallback);
        if (!allowed.Contains(text) && (fallback is not null || Has(name)))
            _problems.Add($"{_prefix}{name} = '{Shorten(text)}' is not implemented (known: {string.Join(", ", allowed)})");
        return text;
    }

    /// <summary>A list of whole numbers; a single number counts as a list of one.</summary>
    public IReadOnlyList<int> Ints(string name, IReadOnlyList<int>? fallback = null, int min = 1, int max = 1 << 24)
    {
        if (!TryGet(name, fallback is not null, out var value))
            return fallback ?? [];
        var items = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToArray() : [value];
        var numbers = new List<int>();
        foreach (var item in items)
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt32(out var number) || number < min || number > max)
                return Reject(name, value, $"whole numbers from {min} to {max}", fallback ?? []);
            numbers.Add(number);
        }

        return numbers;
    }

    /// <summary>A list of texts, each one of the values that are implemented; any where none are given.</summary>
    public IReadOnlyList<string> Texts(string name, params string[] allowed)
    {
        if (!TryGet(name, false, out var value))
            return [];
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.String))
            return Reject<IReadOnlyList<string>>(name, value, "a list of texts", []);
        var texts = value.EnumerateArray().Select(item => item.GetString()!).ToList();
        foreach (var text in allowed.Length == 0 ? [] : texts.Except(allowed))
            _problems.Add($"{_prefix}{name}: '{Shorten(text)}' is not implemented (known: {string.Join(", ", allowed)})");
        return texts;
    }

    /// <summary>Whether a field is a list in which there is nothing but null: a part that a model has not.</summary>
    public bool IsEmptyList(string name) => Has(name) && _root.GetProperty(name) is { ValueKind: JsonValueKind.Array } list
        && list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Null);

    /// <summary>The field must be absent, null, or have this JSON value: a feature of the family that is not implemented.</summary>
    /// <param name="name">Field.</param>
    /// <param name="neutral">JSON text of the value that switches the feature off, e.g. <c>false</c>.</param>
    public void Only(string name, string neutral)
    {
        if (Has(name) && _root.GetProperty(name) is var value && !IsNeutral(value, neutral))
            _problems.Add($"{_prefix}{name} = {Shorten(value.GetRawText())} is not implemented (only {neutral})");
    }

    /// <summary>Records a problem that concerns several fields.</summary>
    public void Problem(string problem) => _problems.Add(_prefix + problem);

    /// <summary>Records a problem that concerns several fields unless the condition holds.</summary>
    public void Require(bool condition, string problem)
    {
        if (!condition)
            Problem(problem);
    }

    /// <summary>Ends reading.</summary>
    /// <exception cref="ModelLoadException">There were problems; lists all.</exception>
    public void ThrowIfAny()
    {
        if (_problems.Count > 0)
            throw new ModelLoadException(Path, [.. _problems], "use a model of a supported family, or the config.json of its own revision");
    }

    // the parser lets texts pass that are no Unicode and fails only when one of them is read
    private static void DecodeTexts(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                    DecodeTexts(item);
                break;
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    _ = property.Name;
                    DecodeTexts(property.Value);
                }

                break;
            default:
                break;
        }
    }

    private static bool IsNeutral(JsonElement value, string neutral) =>
        value.GetRawText() == neutral
        || (value.ValueKind == JsonValueKind.String && (value.GetString() == neutral || $"\"{value.GetString()}\"" == neutral))
        || (value.ValueKind == JsonValueKind.Number && double.TryParse(neutral, CultureInfo.InvariantCulture, out var number)
            && value.GetDouble().Equals(number));

    private bool TryGet(string name, bool optional, out JsonElement value)
    {
        if (_root.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null)
            return true;
        if (!optional)
            _problems.Add($"{_prefix}{name} is missing");
        return false;
    }

    private T Reject<T>(string name, JsonElement value, string wanted, T result)
    {
        _problems.Add($"{_prefix}{name} = {Shorten(value.GetRawText())} is not {wanted}");
        return result;
    }

    private static string Shorten(string text) => text.Length <= 60 ? text : text[..57] + "...";
}

using System.Globalization;
using System.Text.Json;
using Realign.Core.Errors;

namespace Realign.Torch.Configs;

/// <summary>
/// One object of a published <c>config.json</c>. Absent fields take the default of the model class; a field of the wrong type, outside
/// its range or with an unknown value is noted, and all of them are reported in one exception.
/// </summary>
public sealed class ConfigSection
{
    // far above any published model, far below what would keep a process busy building layers
    private const long LargestSize = 1 << 24;

    private readonly string _prefix;
    private readonly JsonElement _element;
    private readonly List<string> _problems;

    private ConfigSection(string prefix, JsonElement element, List<string> problems)
    {
        _prefix = prefix;
        _element = element;
        _problems = problems;
    }

    /// <summary>Parses a file with a reader and reports every problem the reader met.</summary>
    /// <exception cref="ModelLoadException">The file is missing, is no JSON object, or holds values that cannot be used.</exception>
    public static TConfig Read<TConfig>(string path, Func<ConfigSection, TConfig> reader)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelLoadException(path, "the file cannot be read", "check the folder: a published snapshot has this file", exception);
        }

        return Parse(path, bytes, reader);
    }

    /// <summary>Parses JSON text with a reader.</summary>
    /// <param name="path">Name for messages.</param>
    /// <param name="json">UTF-8.</param>
    /// <param name="reader">Reads the fields.</param>
    /// <exception cref="ModelLoadException">As <see cref="Read{TConfig}"/>.</exception>
    public static TConfig Parse<TConfig>(string path, ReadOnlyMemory<byte> json, Func<ConfigSection, TConfig> reader)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json);
        }
        catch (JsonException exception)
        {
            throw new ModelLoadException(path, $"not JSON ({exception.Message})", "download the file again", exception);
        }

        using (document)
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new ModelLoadException(path, "not a JSON object", "download the file again");
            var problems = new List<string>();
            var config = reader(new ConfigSection("", document.RootElement, problems));
            return problems.Count == 0
                ? config
                : throw new ModelLoadException(path, problems, "use a config.json of a supported model, unchanged");
        }
    }

    /// <summary>A nested object; an absent one reads as empty.</summary>
    public ConfigSection Section(string name)
    {
        var found = TryGet(name, out var value);
        if (found && value.ValueKind != JsonValueKind.Object)
            Wrong(name, value, "must be an object");
        return new ConfigSection($"{_prefix}{name}.", found && value.ValueKind == JsonValueKind.Object ? value : default, _problems);
    }

    /// <summary>Whether a field is there and not null.</summary>
    public bool Has(string name) => TryGet(name, out _);

    /// <summary>A size or count, at least 1.</summary>
    public int Size(string name, int fallback) => Integer(name, fallback, 1, LargestSize);

    /// <summary>A number of layers, 1 to 1000.</summary>
    public int Layers(string name, int fallback) => Integer(name, fallback, 1, 1000);

    /// <summary>A token id, at least 0.</summary>
    public int TokenId(string name, int fallback) => Integer(name, fallback, 0, int.MaxValue);

    /// <summary>A number, above 0.</summary>
    public double Positive(string name, double fallback)
    {
        if (!TryGet(name, out var value))
            return fallback;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number > 0 && double.IsFinite(number))
            return number;
        Wrong(name, value, "must be a number above 0");
        return fallback;
    }

    /// <summary>True or false.</summary>
    public bool Flag(string name, bool fallback)
    {
        if (!TryGet(name, out var value))
            return fallback;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return value.GetBoolean();
        Wrong(name, value, "must be true or false");
        return fallback;
    }

    /// <summary>One of the values that are implemented.</summary>
    public string OneOf(string name, string fallback, params ReadOnlySpan<string> known)
    {
        if (!TryGet(name, out var value))
            return fallback;
        if (value.ValueKind == JsonValueKind.String && known.Contains(value.GetString()!))
            return value.GetString()!;
        Wrong(name, value, $"is not supported; known: {string.Join(", ", known.ToArray())}");
        return fallback;
    }

    /// <summary>A field with only one value that is implemented.</summary>
    public void MustBe(string name, bool wanted)
    {
        if (Flag(name, wanted) != wanted)
            _problems.Add($"{_prefix}{name} = {(wanted ? "false" : "true")} is not supported");
    }

    /// <summary>Notes a problem that spans several fields.</summary>
    public void Require(bool condition, string problem)
    {
        if (!condition)
            _problems.Add(_prefix + problem);
    }

    private int Integer(string name, int fallback, long min, long max)
    {
        if (!TryGet(name, out var value))
            return fallback;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= min && number <= max)
            return (int)number;
        Wrong(name, value, string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {min} to {max}"));
        return fallback;
    }

    private bool TryGet(string name, out JsonElement value) =>
        Field(name, out value) && value.ValueKind != JsonValueKind.Null;

    private bool Field(string name, out JsonElement value)
    {
        value = default;
        return _element.ValueKind == JsonValueKind.Object && _element.TryGetProperty(name, out value);
    }

    private void Wrong(string name, JsonElement value, string problem)
    {
        var text = value.GetRawText();
        _problems.Add($"{_prefix}{name} = {(text.Length <= 60 ? text : text[..57] + "...")} {problem}");
    }
}

using System.Globalization;
using System.Text;
using System.Text.Json;
using Google.Protobuf.Collections;
using Inference;
using Realign.Core.Configs;
using Realign.Core.Errors;
using Realign.Core.Files.Hub;
using Realign.Hosting.Models;

namespace Realign.OpenInference.Repository;

/// <summary>What a load request names: a folder below the configured one, or a model in the Hugging Face cache.</summary>
/// <param name="Model">As a model's setting names one; null = what the setting says.</param>
/// <param name="Version">The number it gets; null = the next one.</param>
internal sealed record LoadParameters(string? Model, string? Version)
{
    private const string Config = "config";
    private const int MaxLength = 4096;
    private const int MaxDigits = 18;

    /// <summary>Reads them.</summary>
    /// <param name="parameters">Of the request.</param>
    /// <param name="root">Folder below which models are looked for; empty = there is none.</param>
    /// <exception cref="InvalidInputException">One is unknown or not usable, or leads elsewhere.</exception>
    public static LoadParameters Read(MapField<string, ModelRepositoryParameter> parameters, string root)
    {
        if (parameters.Keys.FirstOrDefault(key => key != Config) is { } other)
        {
            throw new InvalidInputException("parameters", other[..Math.Min(other.Length, 64)], "a load is told by config alone; files are not taken",
                "put the files below OpenInference:ModelRoot and name their folder in config");
        }

        if (!parameters.TryGetValue(Config, out var config))
            return new LoadParameters(null, null);
        if (config.ParameterChoiceCase != ModelRepositoryParameter.ParameterChoiceOneofCase.StringParam || config.StringParam.Length > MaxLength)
            throw NoConfig("a value of another type, or longer than 4096 characters");
        var (model, version) = Parse(config.StringParam);
        return new LoadParameters(model is null ? null : Place(model, root), version is null ? null : Number(version));
    }

    private static (string? Model, string? Version) Parse(string json)
    {
        try
        {
            using var document = StrictJson.Parse(Encoding.UTF8.GetBytes(json));
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw NoConfig("no object");
            string? model = null, version = null;
            foreach (var property in document.RootElement.EnumerateObject())
            {
                var text = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString() : throw NoConfig($"{property.Name} that is no text");
                (model, version) = property.Name switch
                {
                    "model" => (text, version),
                    "version" => (model, text),
                    _ => throw NoConfig($"the unknown name {property.Name}"),
                };
            }

            return (model, version);
        }
        catch (JsonException)
        {
            throw NoConfig("text that is not JSON");
        }
    }

    private static string Place(string model, string root)
    {
        if (HubName.IsOne(model))
            return model;
        if (root.Length == 0)
            throw Elsewhere(model, "no folder for models to load is configured", "set OpenInference:ModelRoot, or name a model of the cache as hub:OWNER/NAME");
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(ModelFolders.Resolve(root)));
        var found = model.Contains('\0', StringComparison.Ordinal) ? "" : Path.GetFullPath(Path.Combine(full, model));
        return found.StartsWith(full + Path.DirectorySeparatorChar, StringComparison.Ordinal) && found.Length > full.Length + 1
            ? found
            : throw Elsewhere(model, "it is not below OpenInference:ModelRoot", "name a folder below it");
    }

    private static string Number(string version) =>
        version.Length <= MaxDigits && long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number.ToString(CultureInfo.InvariantCulture)
            : throw new InvalidInputException("parameters.config.version", version, "a version is a whole number above 0", "leave it out for the next one");

    private static InvalidInputException Elsewhere(string model, string problem, string wayOut) =>
        new("parameters.config.model", model, problem, wayOut);

    private static InvalidInputException NoConfig(string found) =>
        new("parameters.config", found, "it is a JSON object with the texts model and version",
            "send for example {\"model\": \"tagger-2\", \"version\": \"2\"}");
}

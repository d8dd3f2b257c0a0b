using System.Reflection;
using Realign.Captioner;
using Realign.Gateway;
using Realign.Generator;
using Realign.Hosting;
using Realign.OpenInference;
using Realign.SceneScorer;
using Realign.Segmenter;
using Realign.Tagger;
using Realign.Wire.Mesh;

namespace Realign.Deploy.Tests.Settings;

/// <summary>The settings that the services really have, out of their options classes.</summary>
internal static class SettingNames
{
    // read by .NET, by OpenTelemetry, by native libraries, and by Realign.Core and the images' entry point
    private static readonly string[] OfTheProcess =
    [
        "ASPNETCORE_URLS", "ASPNETCORE_HTTP_PORTS", "Logging__Console__FormatterName", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_RESOURCE_ATTRIBUTES", "POD_NAME",
        "OMP_WAIT_POLICY", "ORT_DISABLE_TELEMETRY", "GGML_NO_BACKTRACE", "MALLOC_ARENA_MAX", "REALIGN_MODELS", "REALIGN_SERVICE",
    ];

    private static readonly Dictionary<MeshService, Type> Options = new()
    {
        [MeshService.Gateway] = typeof(GatewayOptions),
        [MeshService.Generator] = typeof(GeneratorOptions),
        [MeshService.Captioner] = typeof(CaptionerOptions),
        [MeshService.Tagger] = typeof(TaggerOptions),
        [MeshService.SceneScorer] = typeof(SceneScorerOptions),
        [MeshService.Segmenter] = typeof(SegmenterOptions),
    };

    /// <summary>Sections by name, and the settings in each; those of a group as <c>Shares__Coarse</c>.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Sections { get; } =
        Options.Select(pair => (Section: pair.Key.Section, Type: pair.Value)).Append((Section: HostingOptions.SectionName, Type: typeof(HostingOptions)))
            .Append((Section: OpenInferenceOptions.SectionName, Type: typeof(OpenInferenceOptions)))
            .ToDictionary(pair => pair.Section, pair => Names(pair.Type));

    /// <summary>Whether a service (<c>scene-scorer</c>) reads an environment variable.</summary>
    public static bool Exists(string component, string variable)
    {
        if (OfTheProcess.Contains(variable))
            return true;
        var section = MeshService.All.SingleOrDefault(service => service.Name == component)?.Section;
        return variable.Split("__", 2) is [var name, var setting]
            && (name == section || name is HostingOptions.SectionName or OpenInferenceOptions.SectionName) && Sections[name].Contains(setting);
    }

    private static IReadOnlyList<string> Names(Type options) =>
        [.. options.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite).SelectMany(property =>
            property.PropertyType.IsClass && property.PropertyType != typeof(string)
                ? Names(property.PropertyType).Select(inner => $"{property.Name}__{inner}")
                : [property.Name])];
}

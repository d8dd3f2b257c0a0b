using System.Text.Json;
using Realign.Llama;

namespace Realign.Conformance.Suites.Llm;

/// <summary>What the suites of the language models share: reading json, and loading a model once per process.</summary>
internal static class LlmPack
{
    private static readonly Dictionary<string, LlamaModel> Models = [];

    public static JsonElement Json(params string[] path)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(path)));
        return document.RootElement.Clone();
    }

    public static LlamaModel Load(string path) => Models.TryGetValue(path, out var model) ? model : Models[path] = LlamaModel.Load(path);

    public static IEnumerable<(JsonElement Model, string Name)> ModelFolders(string folder) =>
        Json(folder, "models.json").GetProperty("models").EnumerateArray().Select(model => (model, model.GetProperty("name").GetString()!));

    public static IEnumerable<string> Files(JsonElement model) => model.GetProperty("files").EnumerateArray().Select(file => file.GetString()!);

    public static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetInt32())];

    public static double[] Doubles(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetDouble())];

    public static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    /// <summary>A text of the pack; a sequence that is not UTF-8 is written as <c>{"bytes_hex": ...}</c>.</summary>
    public static string Hex(JsonElement element) =>
        element.ValueKind == JsonValueKind.Object
            ? element.GetProperty("bytes_hex").GetString()!
            : Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes(element.GetString()!));
}

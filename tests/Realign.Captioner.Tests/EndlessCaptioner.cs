using System.Text.Json;
using System.Text.Json.Nodes;
using Realign.Safetensors;
using Realign.Testing;
using Realign.Torch.Weights;
using Realign.VisionLanguage.Blip2;

namespace Realign.Captioner.Tests;

/// <summary>
/// A captioner in the published format whose weights are all zero: every token is as likely as any other, so the first of the
/// vocabulary is always taken and the end token never comes. It has the miniature's tokenizer, more layers and more positions.
/// </summary>
internal sealed class EndlessCaptioner : IDisposable
{
    /// <summary>Tokens of a caption, the most a request may ask for.</summary>
    public const int Tokens = 256;

    private readonly ModelCopy _folder = new("captioner");

    public EndlessCaptioner()
    {
        var config = System.IO.Path.Combine(Path, "config.json");
        var root = JsonNode.Parse(File.ReadAllText(config))!;
        root["text_config"]!["num_hidden_layers"] = 16;
        root["text_config"]!["max_position_embeddings"] = 512;
        File.WriteAllText(config, root.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
        using var model = new Blip2ForConditionalGeneration(Blip2Config.Load(config));
        SafetensorsWriter.Write(System.IO.Path.Combine(Path, "model.safetensors"), StateDict.Shapes(model)
            .Select(item => (item.Key, SafetensorsDType.F16, (IReadOnlyList<long>)item.Value,
                (ReadOnlyMemory<byte>)new byte[2 * item.Value.Aggregate(1L, (product, size) => product * size)])));
    }

    public string Path => _folder.Path;

    public void Dispose() => _folder.Dispose();
}

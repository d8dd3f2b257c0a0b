using System.Text.Json.Nodes;
using Realign.Safetensors;

namespace Realign.Testing.Layouts;

/// <summary>
/// The pack's tiny models and numbers of a seed, saved as rewards are published. Each has a folder of its own, which is deleted with this.
/// </summary>
public sealed class RewardCheckpoint : IDisposable
{
    private RewardCheckpoint(string path, string? file = null)
    {
        Folder = path;
        Location = file is null ? path : Path.Combine(path, file);
    }

    /// <summary>What a setting names.</summary>
    public string Location { get; private init; }

    /// <summary>The folder it is in.</summary>
    public string Folder { get; }

    /// <summary>The pack's CLIP with the activation and end token of OpenCLIP's conversions.</summary>
    public static string Clip => Path.Combine(ConformancePack.Require(), "vision-language", "clip", "gelu", "snapshot");

    /// <summary>The pack's ImageReward.</summary>
    public static string ImageReward => Path.Combine(ConformancePack.Require(), "vision-language", "image-reward", "snapshot");

    /// <summary><c>HPS_v2.1_compressed.safetensors</c>: <see cref="Clip"/> in OpenCLIP's layout, with its sizes and tokenizer beside it.</summary>
    public static RewardCheckpoint Hps()
    {
        var made = new RewardCheckpoint(Create(), "HPS_v2.1_compressed.safetensors");
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(Clip, "config.json")))!;
        var (text, vision) = (config["text_config"]!, config["vision_config"]!);
        double Ratio(JsonNode tower) => Number(tower, "intermediate_size") / (double)Number(tower, "hidden_size");
        File.WriteAllText(Path.Combine(made.Folder, "open_clip_config.json"), new JsonObject
        {
            ["model_cfg"] = new JsonObject
            {
                ["embed_dim"] = Number(config, "projection_dim"),
                ["vision_cfg"] = new JsonObject
                {
                    ["image_size"] = Number(vision, "image_size"),
                    ["layers"] = Number(vision, "num_hidden_layers"),
                    ["width"] = Number(vision, "hidden_size"),
                    ["head_width"] = Number(vision, "hidden_size") / Number(vision, "num_attention_heads"),
                    ["patch_size"] = Number(vision, "patch_size"),
                    ["mlp_ratio"] = Ratio(vision),
                },
                ["text_cfg"] = new JsonObject
                {
                    ["context_length"] = Number(text, "max_position_embeddings"),
                    ["vocab_size"] = Number(text, "vocab_size"),
                    ["width"] = Number(text, "hidden_size"),
                    ["heads"] = Number(text, "num_attention_heads"),
                    ["layers"] = Number(text, "num_hidden_layers"),
                    ["mlp_ratio"] = Ratio(text),
                },
            },
        }.ToJsonString());
        foreach (var file in new[] { "vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json" })
            File.Copy(Path.Combine(Clip, file), Path.Combine(made.Folder, file));
        OriginalLayout.Write(made.Location, OriginalLayout.OpenClip(OriginalLayout.Read(Path.Combine(Clip, "model.safetensors"))));
        return made;
    }

    /// <summary>A copy of <see cref="Clip"/> in a folder that is called as PickScore is.</summary>
    public static RewardCheckpoint PickScore()
    {
        var made = new RewardCheckpoint(Create(), "PickScore_v1");
        _ = Directory.CreateDirectory(made.Location);
        foreach (var file in Directory.EnumerateFiles(Clip))
            File.Copy(file, Path.Combine(made.Location, Path.GetFileName(file)));
        return made;
    }

    /// <summary><c>sac+logos+ava1-l14-linearMSE.safetensors</c>: five linear layers.</summary>
    /// <param name="width">Width of its input; of <see cref="Clip"/> 40, of the miniature's CLIP 128.</param>
    public static RewardCheckpoint Aesthetic(int width)
    {
        var made = new RewardCheckpoint(Create(), "sac+logos+ava1-l14-linearMSE.safetensors");
        var random = new Random(7);
        var tensors = new List<LayoutTensor>();
        var from = width;
        foreach (var (index, to) in new[] { (0, 24), (2, 16), (4, 12), (6, 8), (7, 1) })
        {
            tensors.Add(Numbers($"layers.{index}.weight", random, 1 / Math.Sqrt(from), to, from));
            tensors.Add(Numbers($"layers.{index}.bias", random, 0.5, to));
            from = to;
        }

        OriginalLayout.Write(made.Location, tensors);
        return made;
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private static string Create() => Directory.CreateTempSubdirectory("realign-reward").FullName;

    private static int Number(JsonNode node, string name) => node[name]!.GetValue<int>();

    private static LayoutTensor Numbers(string name, Random random, double size, params long[] shape)
    {
        var values = new float[shape.Aggregate(1L, (product, side) => product * side)];
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)(((random.NextDouble() * 2) - 1) * size);
        return new LayoutTensor(name, SafetensorsDType.F32, shape, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
    }
}

using System.Text.Json.Nodes;

namespace Realign.Testing.Layouts;

/// <summary>
/// A tiny refiner of Stable Diffusion XL cut out of a tiny base model: its UNet reads the second text tower alone, and five numbers instead of six. Beside it
/// the base model with the sixth number (the width that is wanted) made unheard: where the first tower says nothing, both compute the same.
/// </summary>
public sealed class RefinerSnapshot : IDisposable
{
    private const string Weights = "diffusion_pytorch_model.safetensors";

    private readonly string _folder = Directory.CreateTempSubdirectory("realign-refiner").FullName;

    /// <summary>Cuts it out.</summary>
    /// <param name="xl">Folder of the base model.</param>
    public RefinerSnapshot(string xl)
    {
        Copy(xl, Base, _ => true);
        Copy(xl, Location, name => !name.StartsWith("text_encoder/", StringComparison.Ordinal) && !name.StartsWith("tokenizer/", StringComparison.Ordinal));
        var (first, second) = (Config(xl, "text_encoder"), Config(xl, "text_encoder_2"));
        TextWidth = (int)first["hidden_size"]!;
        var unet = Config(xl, "unet");
        var (pooled, features) = ((int)second["projection_dim"]!, (int)unet["addition_time_embed_dim"]!);
        var kept = pooled + (5 * features);
        unet["cross_attention_dim"] = (int)second["hidden_size"]!;
        unet["projection_class_embeddings_input_dim"] = kept;
        File.WriteAllText(Path.Combine(Location, "unet", "config.json"), unet.ToJsonString());
        var index = JsonNode.Parse(File.ReadAllText(Path.Combine(xl, "model_index.json")))!;
        (index["_class_name"], index["requires_aesthetics_score"], index["force_zeros_for_empty_prompt"]) = ("StableDiffusionXLImg2ImgPipeline", true, false);
        (index["text_encoder"], index["tokenizer"]) = (new JsonArray(null, null), new JsonArray(null, null));
        File.WriteAllText(Path.Combine(Location, "model_index.json"), index.ToJsonString());
        var tensors = OriginalLayout.Read(Path.Combine(xl, "unet", Weights));
        OriginalLayout.Write(Path.Combine(Location, "unet", Weights), tensors.Select(tensor =>
            IsOfText(tensor.Name) ? tensor.Columns(TextWidth, tensor.Shape[1]) : IsOfNumbers(tensor.Name) ? tensor.Columns(0, kept) : tensor));
        OriginalLayout.Write(Path.Combine(Base, "unet", Weights), tensors.Select(tensor => IsOfNumbers(tensor.Name) ? tensor.WithoutColumns(kept) : tensor));
    }

    /// <summary>Folder of the refiner.</summary>
    public string Location => Path.Combine(_folder, "refiner");

    /// <summary>Folder of the base model that does not hear the sixth number.</summary>
    public string Base => Path.Combine(_folder, "base");

    /// <summary>Width of the first text tower.</summary>
    public int TextWidth { get; }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static bool IsOfText(string name) =>
        name.EndsWith(".attn2.to_k.weight", StringComparison.Ordinal) || name.EndsWith(".attn2.to_v.weight", StringComparison.Ordinal);

    private static bool IsOfNumbers(string name) => name == "add_embedding.linear_1.weight";

    private static JsonNode Config(string snapshot, string part) => JsonNode.Parse(File.ReadAllText(Path.Combine(snapshot, part, "config.json")))!;

    private static void Copy(string from, string to, Func<string, bool> isTaken)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(from, file);
            if (!isTaken(name))
                continue;
            var target = Path.Combine(to, name);
            _ = Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}

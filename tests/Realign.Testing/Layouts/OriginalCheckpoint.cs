using System.Text.Json.Nodes;

namespace Realign.Testing.Layouts;

/// <summary>A snapshot saved again as one file in the first authors' layout, with its configs and tokenizers in the folder <c>config</c> beside it.</summary>
public sealed class OriginalCheckpoint : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("realign-checkpoint").FullName;

    /// <summary>Saves a snapshot.</summary>
    /// <param name="snapshot">Its folder.</param>
    /// <param name="variant">Of the parts that have it.</param>
    public OriginalCheckpoint(string snapshot, string? variant = null)
    {
        foreach (var source in Directory.EnumerateFiles(snapshot, "*", SearchOption.AllDirectories)
            .Where(file => !file.EndsWith(".safetensors", StringComparison.Ordinal)))
        {
            var target = Path.Combine(ConfigFolder, Path.GetRelativePath(snapshot, source));
            _ = Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(source, target);
        }

        Tensors = [.. Parts(snapshot, variant), .. OriginalLayout.Leftovers];
        Save();
    }

    /// <summary>The file.</summary>
    public string Location => Path.Combine(_folder, "model.safetensors");

    /// <summary>The folder beside it.</summary>
    public string ConfigFolder => Path.Combine(_folder, "config");

    /// <summary>What is in the file; a test may change it and save again.</summary>
    public List<LayoutTensor> Tensors { get; }

    /// <summary>Any other place that goes with this.</summary>
    public string In(string name) => Path.Combine(_folder, name);

    /// <summary>Writes the file.</summary>
    public void Save(IReadOnlyDictionary<string, string>? metadata = null) => OriginalLayout.Write(Location, Tensors, metadata);

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static IEnumerable<LayoutTensor> Parts(string snapshot, string? variant)
    {
        IReadOnlyList<LayoutTensor> Part(string name, string weights)
        {
            var chosen = Path.Combine(snapshot, name, $"{weights}.{variant}.safetensors");
            return OriginalLayout.Read(File.Exists(chosen) ? chosen : Path.Combine(snapshot, name, $"{weights}.safetensors"));
        }

        var unet = JsonNode.Parse(File.ReadAllText(Path.Combine(snapshot, "unet", "config.json")))!;
        var vae = JsonNode.Parse(File.ReadAllText(Path.Combine(snapshot, "vae", "config.json")))!;
        foreach (var tensor in OriginalLayout.UNet(
            Part("unet", "diffusion_pytorch_model"), unet["block_out_channels"]!.AsArray().Count, unet["layers_per_block"]!.GetValue<int>()))
        {
            yield return tensor;
        }

        foreach (var tensor in OriginalLayout.Vae(Part("vae", "diffusion_pytorch_model"), vae["block_out_channels"]!.AsArray().Count))
            yield return tensor;
        var isXl = Directory.Exists(Path.Combine(snapshot, "text_encoder_2"));
        if (!Directory.Exists(Path.Combine(snapshot, "text_encoder")))
        {
            foreach (var tensor in OriginalLayout.OpenClipTower(Part("text_encoder_2", "model"), "conditioner.embedders.0.model."))
                yield return tensor;
            yield break;
        }

        var text = JsonNode.Parse(File.ReadAllText(Path.Combine(snapshot, "text_encoder", "config.json")))!;
        var isOpenClip = !isXl && text["hidden_act"]!.GetValue<string>() == "gelu";
        foreach (var tensor in isOpenClip ? WholeOpenClip(Part("text_encoder", "model"), text["num_hidden_layers"]!.GetValue<int>())
            : OriginalLayout.Clip(Part("text_encoder", "model"), isXl ? "conditioner.embedders.0.transformer." : "cond_stage_model.transformer."))
        {
            yield return tensor;
        }

        foreach (var tensor in isXl ? OriginalLayout.OpenClipTower(Part("text_encoder_2", "model"), "conditioner.embedders.1.model.") : [])
            yield return tensor;
    }

    // files of 2.x hold the layer that is not used, and the joint projection
    private static IEnumerable<LayoutTensor> WholeOpenClip(IReadOnlyList<LayoutTensor> tensors, int layers)
    {
        const string Prefix = "cond_stage_model.model.";
        var last = tensors.Where(tensor => tensor.Name.Contains($".layers.{layers - 1}.", StringComparison.Ordinal))
            .Select(tensor => tensor with { Name = tensor.Name.Replace($".layers.{layers - 1}.", $".layers.{layers}.", StringComparison.Ordinal) });
        return [.. OriginalLayout.OpenClipTower([.. tensors, .. last], Prefix), OriginalLayout.Numbers(Prefix + "text_projection", 8, 8),
            OriginalLayout.Numbers(Prefix + "logit_scale")];
    }
}

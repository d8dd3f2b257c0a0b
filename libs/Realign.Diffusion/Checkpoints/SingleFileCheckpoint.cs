using Realign.Clip.Text;
using Realign.Core.Configs;
using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Diffusion.Snapshots;
using Realign.Diffusion.Vae;
using Realign.Safetensors;
using Realign.Tokenizers;
using Realign.Torch.Weights;

namespace Realign.Diffusion.Checkpoints;

/// <summary>
/// An open <c>.safetensors</c> file with a whole checkpoint of Stable Diffusion 1.x, 2.x, XL or its refiner in the layout of its first authors, seen as the
/// parts of a snapshot. What it does not bring is looked for in a folder <c>config</c> beside it.
/// </summary>
public sealed class SingleFileCheckpoint : IDisposable
{
    private const string UNetPrefix = "model.diffusion_model.";

    // structures that share the file form and nothing else
    private static readonly (string Mark, string Name)[] Others =
    [
        (UNetPrefix + "double_blocks.", "Flux"), (UNetPrefix + "joint_blocks.", "Stable Diffusion 3"), ("control_model.", "a ControlNet"),
        ("lora_", "an adapter (LoRA)"),
    ];

    private readonly SafetensorsFile _file;
    private readonly CheckpointConfigs _configs;
    private readonly CheckpointKeys _keys;

    private SingleFileCheckpoint(SafetensorsFile file)
    {
        _file = file;
        Family = Recognize(file);
        _configs = new CheckpointConfigs(file, Family);
        Index = SnapshotIndex.Read(_configs.Read("model_index"));
        _keys = new CheckpointKeys(file, Family, _configs);
        Parts = ["unet", "vae", .. Index.TextTowers.Select(tower => tower.Encoder)];
        var missing = Parts.Where(part => !Brings(part) && SafetensorsSet.Variants(FolderOf(part), WeightsName(part)).Count == 0).ToList();
        if (missing.Count > 0)
        {
            throw new ModelLoadException(file.Path, [.. missing.Select(part => $"it brings no {Words(part)}, and neither does {FolderOf(part)}")],
                $"put the folder {string.Join(" and ", missing)} of the model's diffusers snapshot, or of another one of its family, into {_configs.Folder}");
        }
    }

    /// <summary>What it is.</summary>
    public CheckpointFamily Family { get; }

    /// <summary>The index of the snapshot it stands for.</summary>
    public SnapshotIndex Index { get; }

    /// <summary>Its models: <c>unet</c>, <c>vae</c>, <c>text_encoder</c> and for XL <c>text_encoder_2</c>, which the refiner has alone.</summary>
    public IReadOnlyList<string> Parts { get; }

    /// <summary>Number of keys that are not used: training state, averaged weights (EMA), markers.</summary>
    public int UnusedKeys => _keys.Unused;

    /// <summary>Folder beside the file whose configs and parts win or fill in; need not be there.</summary>
    public string ConfigFolder => _configs.Folder;

    /// <summary>Whether a path is that of a safetensors file, and not of a folder.</summary>
    public static bool IsNamed(string path) =>
        Path.GetExtension(path).Equals(".safetensors", StringComparison.OrdinalIgnoreCase) && ModelFile.Exists(path);

    /// <summary>Opens a file and sorts its keys.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelLoadException">It is broken, of another architecture, or its keys do not fit; lists every problem.</exception>
    public static SingleFileCheckpoint Open(string path)
    {
        var file = SafetensorsFile.Open(path);
        try
        {
            return new SingleFileCheckpoint(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Config of a part, of <c>scheduler</c> or <c>model_index</c>.</summary>
    public ConfigReader Config(string part) => _configs.Read(part);

    /// <summary>The same as JSON text.</summary>
    public byte[] ConfigJson(string part) => _configs.Json(part);

    /// <summary>Whether the file itself has the weights of a part; else they are in <see cref="ConfigFolder"/>.</summary>
    public bool Brings(string part) => _keys.Of(part).Any();

    /// <summary>Weights of a part under the names of a snapshot; valid as long as this is open.</summary>
    public SafetensorsSet Weights(string part) => Brings(part)
        ? SafetensorsSet.Of($"{_file.Path} ({part})", _file.Select(_keys.Of(part)))
        : SafetensorsSet.OpenFolder(FolderOf(part), WeightsName(part));

    /// <summary>How the keys of a part are spelled.</summary>
    public KeyRules Rules(string part) => part switch
    {
        "unet" => new KeyRules(),
        "vae" => AutoencoderKL.Rules,
        _ => CLIPTextModel.Rules with
        {
            AcceptsShape = (key, found, wanted) => found.SequenceEqual(IsTransposed(part, key) ? wanted.Reverse() : wanted),
            Reshape = (key, _, tensor) => IsTransposed(part, key) ? tensor.t().contiguous() : tensor,
        },
    };

    /// <summary>Whether a tensor of <see cref="Weights"/> has to be turned over for a snapshot.</summary>
    public bool IsTransposed(string part, string key) =>
        part == "text_encoder_2" && key == "text_projection.weight" && _keys.HasTransposedProjection && Brings(part);

    /// <summary>Files of the published tokenizer, which are embedded; null = there is one in <see cref="ConfigFolder"/>.</summary>
    /// <param name="name"><c>tokenizer</c> or <c>tokenizer_2</c>.</param>
    public IReadOnlyDictionary<string, byte[]>? TokenizerFiles(string name) => Directory.Exists(FolderOf(name))
        ? null
        : PublishedClipFiles.Create(padsWithExclamationMark: name == "tokenizer_2" || Family == CheckpointFamily.StableDiffusion2);

    /// <summary>Place of a part in <see cref="ConfigFolder"/>.</summary>
    public string FolderOf(string part) => Path.Combine(_configs.Folder, part);

    /// <summary>Name of the weight file of a part in a snapshot, without suffix.</summary>
    public static string WeightsName(string part) => part is "unet" or "vae" ? "diffusion_pytorch_model" : "model";

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static CheckpointFamily Recognize(SafetensorsFile file)
    {
        bool Has(string prefix) => file.Entries.Keys.Any(key => key.StartsWith(prefix, StringComparison.Ordinal));
        foreach (var (mark, name) in Others)
        {
            if (Has(mark))
                throw Other(file, $"it is {name}, which is not loaded", "use a checkpoint of Stable Diffusion 1.x, 2.x or XL");
        }

        if (!Has(UNetPrefix + "input_blocks.0.0."))
            throw Other(file, $"it has no denoiser ({UNetPrefix}input_blocks...)", "name a whole checkpoint, or a diffusers folder");
        if (Has("conditioner.embedders.0.model."))
            return CheckpointFamily.StableDiffusionXLRefiner;
        if (Has("conditioner.embedders.1."))
            return CheckpointFamily.StableDiffusionXL;
        if (Has("cond_stage_model.model."))
            return CheckpointFamily.StableDiffusion2;
        if (Has("cond_stage_model.transformer."))
            return CheckpointFamily.StableDiffusion1;
        // a denoiser alone: cross-attention sees the text
        var width = file.Entries.FirstOrDefault(pair => pair.Key.StartsWith(UNetPrefix, StringComparison.Ordinal)
            && pair.Key.EndsWith(".attn2.to_k.weight", StringComparison.Ordinal)).Value?.Shape is [_, var found] ? found : 0;
        return width switch
        {
            768 => CheckpointFamily.StableDiffusion1,
            1024 => CheckpointFamily.StableDiffusion2,
            2048 => CheckpointFamily.StableDiffusionXL,
            1280 => CheckpointFamily.StableDiffusionXLRefiner,
            _ => throw Other(file, $"it has no text encoder, and no family has a text width of {width}", "name a whole checkpoint, or a diffusers folder"),
        };
    }

    private static ModelLoadException Other(SafetensorsFile file, string problem, string wayOut) => new(file.Path, problem, wayOut);

    private static string Words(string part) => part switch
    {
        "unet" => "denoiser",
        "vae" => "autoencoder (first_stage_model)",
        "text_encoder" => "text encoder",
        _ => "second text encoder",
    };
}

using Realign.Clip.OpenClip;
using Realign.Clip.Text;
using Realign.Core.Errors;
using Realign.Diffusion.UNet;
using Realign.Diffusion.Vae;
using Realign.Safetensors;

namespace Realign.Diffusion.Checkpoints;

/// <summary>Sorts the tensors of a checkpoint into the parts of a snapshot, under their names there.</summary>
internal sealed class CheckpointKeys
{
    // what training and other tools leave inside the parts
    private static readonly string[] Leftovers = ["logit_scale", "attn_mask", "position_ids", "logit_bias"];

    private static readonly string[] OtherLayout = ["unet.", "vae.", "text_encoder.", "text_encoder_2.", "down_blocks.", "up_blocks.", "mid_block."];

    private readonly Dictionary<string, Dictionary<string, (SafetensorsEntry Entry, string Original)>> _parts = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];
    private readonly UNetKeys _unet;
    private readonly VaeKeys _vae;
    private readonly Dictionary<string, int> _openClipLayers = new(StringComparer.Ordinal);
    private readonly CheckpointFamily _family;

    public CheckpointKeys(SafetensorsFile file, CheckpointFamily family, CheckpointConfigs configs)
    {
        _family = family;
        _unet = new UNetKeys(UNet2DConditionConfig.Read(configs.Read("unet")));
        _vae = new VaeKeys(AutoencoderKLConfig.Read(configs.Read("vae")).BlockOutChannels.Count);
        if (OpenClipPart is { } part)
            _openClipLayers[part] = CLIPTextConfig.Read(configs.Read(part)).NumHiddenLayers;
        foreach (var (key, entry) in file.Entries)
            Add(key, entry);
        if (_problems.Count > 0)
        {
            _problems.Sort(StringComparer.Ordinal);
            throw new ModelLoadException(file.Path, _problems,
                "download the file again, or its diffusers folder; "
                + "where its structure is another one, put the model's configs into the folder config beside it");
        }
    }

    /// <summary>Keys that belong to no part: training state, averaged weights, markers.</summary>
    public int Unused { get; private set; }

    /// <summary>Whether the projection of the joint space has to be turned over.</summary>
    public bool HasTransposedProjection { get; private set; }

    /// <summary>The tensors of a part; empty = the file does not bring it.</summary>
    public IEnumerable<SafetensorsEntry> Of(string part) => _parts.TryGetValue(part, out var entries) ? entries.Values.Select(pair => pair.Entry) : [];

    private string? OpenClipPart => _family switch
    {
        CheckpointFamily.StableDiffusion2 => "text_encoder",
        CheckpointFamily.StableDiffusionXL or CheckpointFamily.StableDiffusionXLRefiner => "text_encoder_2",
        _ => null,
    };

    private void Add(string key, SafetensorsEntry entry)
    {
        if (After(key, "model.diffusion_model.") is { } denoiser)
            AddDenoiser(denoiser, key, entry);
        else if (After(key, "first_stage_model.") is { } autoencoder)
            AddAutoencoder(autoencoder, key, entry);
        else if (After(key, ClipPrefix) is { } clip)
            AddClip(clip, key, entry);
        else if (OpenClipPart is { } part && After(key, OpenClipPrefix) is { } openClip)
            AddOpenClip(part, openClip, key, entry);
        else if (IsOtherLayout(key))
            _problems.Add($"key '{key}' is of diffusers' layout, other keys are of the first authors'");
        else
            Unused++;
    }

    private void AddDenoiser(string name, string key, SafetensorsEntry entry)
    {
        var target = _unet.Find(name);
        if (target is null && _unet.Nearest(name) is { } nearest)
            _problems.Add($"unexpected key '{key}': is it '{key[..^name.Length]}{nearest}'?");
        else
            Put("unet", target, key, entry);
    }

    private string ClipPrefix => _family == CheckpointFamily.StableDiffusionXL ? "conditioner.embedders.0.transformer." : "cond_stage_model.transformer.";

    private string OpenClipPrefix => _family switch
    {
        CheckpointFamily.StableDiffusionXL => "conditioner.embedders.1.model.",
        CheckpointFamily.StableDiffusionXLRefiner => "conditioner.embedders.0.model.",
        _ => "cond_stage_model.model.",
    };

    private void AddAutoencoder(string name, string key, SafetensorsEntry entry)
    {
        if (name.StartsWith("loss.", StringComparison.Ordinal) || name.StartsWith("model_ema.", StringComparison.Ordinal))
        {
            Unused++;
            return;
        }

        var target = _vae.Find(name);
        var isMatrix = target is not null && VaeKeys.IsMatrix(target) && entry.Shape is [_, _, 1, 1];
        Put("vae", target, key, isMatrix ? entry with { Shape = [entry.Shape[0], entry.Shape[1]] } : entry);
    }

    private void AddClip(string name, string key, SafetensorsEntry entry)
    {
        var isInside = name.StartsWith("text_model.", StringComparison.Ordinal) || name.StartsWith("embeddings.", StringComparison.Ordinal)
            || name.StartsWith("encoder.", StringComparison.Ordinal) || name.StartsWith("final_layer_norm.", StringComparison.Ordinal);
        if (IsLeftover(name) || name == "text_projection.weight")
            Unused++;
        else
            Put("text_encoder", !isInside ? null : name.StartsWith("text_model.", StringComparison.Ordinal) ? name : "text_model." + name, key, entry);
    }

    private void AddOpenClip(string part, string name, string key, SafetensorsEntry entry)
    {
        var target = OpenClipKeys.Find(name);
        var isProjection = target == "text_projection.weight";
        // 2.x reads the last layer but one, so the tower ends there
        if (IsLeftover(name) || OpenClipKeys.LayerOf(name) >= _openClipLayers[part] || (isProjection && _family == CheckpointFamily.StableDiffusion2))
        {
            Unused++;
            return;
        }

        HasTransposedProjection |= isProjection && name == "text_projection";
        if (target is null)
        {
            Put(part, null, key, entry);
            return;
        }

        if (OpenClipKeys.Place(entry, target) is not { } placed)
        {
            _problems.Add($"key '{key}' has shape [{string.Join(", ", entry.Shape)}], three projections of equal size are needed");
            return;
        }

        foreach (var tensor in placed)
            Put(part, tensor.Name, key, tensor);
    }

    private void Put(string part, string? name, string key, SafetensorsEntry entry)
    {
        if (name is null)
        {
            _problems.Add($"unexpected key '{key}'");
            return;
        }

        if (!_parts.TryGetValue(part, out var entries))
            _parts[part] = entries = new Dictionary<string, (SafetensorsEntry, string)>(StringComparer.Ordinal);
        if (!entries.TryAdd(name, (entry with { Name = name }, key)))
            _problems.Add($"keys '{entries[name].Original}' and '{key}' are the same parameter '{name}' of {part}");
    }

    private static bool IsLeftover(string name) => Array.Exists(Leftovers, leftover => name.EndsWith(leftover, StringComparison.Ordinal));

    private static bool IsOtherLayout(string key) => Array.Exists(OtherLayout, prefix => key.StartsWith(prefix, StringComparison.Ordinal));

    private static string? After(string key, string prefix) => key.StartsWith(prefix, StringComparison.Ordinal) ? key[prefix.Length..] : null;
}

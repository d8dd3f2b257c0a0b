using Realign.Diffusion.UNet;
using static TorchSharp.torch;

namespace Realign.Diffusion.Adapters;

/// <summary>Every spelling of one layer in circulation. Facts: ComfyUI comfy/lora.py, diffusers loaders, kohya sd-scripts, OneTrainer.</summary>
internal static class LayerNames
{
    // a file that peft saved by itself belongs to one model and names no component
    private const string PeftPrefix = "base_model.model.";

    private const string TextModel = "text_model.";

    // component -> beginnings of its names with underscores instead of points
    private static readonly Dictionary<string, string[]> Underscored = new(StringComparer.Ordinal)
    {
        [AdapterTarget.UNet] = ["lora_unet_", "lycoris_", "lycoris_unet_"],
        ["text_encoder"] = ["lora_te_", "lora_te1_"],
        ["text_encoder_2"] = ["lora_te2_"],
    };

    // component -> beginnings of its names with points
    private static readonly Dictionary<string, string[]> Dotted = new(StringComparer.Ordinal)
    {
        [AdapterTarget.UNet] = ["", "lora_unet."],
        ["text_encoder"] = ["lora_te.", "lora_te1.", "clip_l.", "clip_l.transformer.", "clip_h.transformer.", "text_encoders.clip_l.transformer."],
        ["text_encoder_2"] = ["lora_te2.", "clip_g.", "clip_g.transformer.", "text_encoders.clip_g.transformer."],
    };

    public static IEnumerable<string> Of(string component, nn.Module model, string path)
    {
        yield return $"{component}.{path}";
        yield return PeftPrefix + path;
        yield return $"{PeftPrefix}{component}.{path}";
        yield return $"{component}.{PeftPrefix}{path}";
        foreach (var prefix in Underscored.GetValueOrDefault(component, []))
            yield return prefix + path.Replace('.', '_');
        foreach (var prefix in Dotted.GetValueOrDefault(component, []))
            yield return prefix + path;
        if (model is UNet2DConditionModel unet && FirstNames.Of(unet.Config, path) is { } first)
        {
            yield return $"lora_unet_{first.Replace('.', '_')}";
            yield return $"diffusion_model.{first}";
        }

        if (!path.StartsWith(TextModel, StringComparison.Ordinal))
            yield break;
        // written by transformers from version 5 on
        yield return $"{component}.{path[TextModel.Length..]}";
        // the first diffusers releases named the projections of the text encoder as those of the UNet: q_proj is to_q_lora
        if (path.Contains(".self_attn.", StringComparison.Ordinal))
        {
            var renamed = path.Replace(".self_attn.", ".self_attn.to_", StringComparison.Ordinal).Replace("_proj", "_lora", StringComparison.Ordinal);
            yield return $"{component}.{renamed}";
        }
    }
}

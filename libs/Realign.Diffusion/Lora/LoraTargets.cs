using Realign.Diffusion.UNet;
using Realign.Torch.Layers;
using static TorchSharp.torch;

namespace Realign.Diffusion.Lora;

/// <summary>One layer that can take adapters.</summary>
/// <param name="Path">Component and module path, e.g. <c>unet.mid_block.attentions.0.proj_in</c>.</param>
/// <param name="Slot">Where adapters go.</param>
/// <param name="Weight">Shape of the layer's own weight.</param>
internal sealed record LoraTarget(string Path, AdapterSlot Slot, long[] Weight);

/// <summary>
/// Finds layers by the names that adapter files use. Names with underscores instead of dots cannot be parsed, because module names
/// contain underscores too; so the map is made from the model's own names.
/// </summary>
internal sealed class LoraTargets
{
    // component name -> prefixes of its underscore names in circulation
    private static readonly Dictionary<string, string[]> KohyaPrefixes = new(StringComparer.Ordinal)
    {
        ["unet"] = ["lora_unet_"],
        ["text_encoder"] = ["lora_te_", "lora_te1_"],
        ["text_encoder_2"] = ["lora_te2_"],
    };

    // a file that peft saved by itself belongs to one model and names no component
    private const string PeftPrefix = "base_model.model.";

    private const string TextModel = "text_model.";

    private readonly Dictionary<string, LoraTarget> _byName = new(StringComparer.Ordinal);

    /// <param name="components">Component name (<c>unet</c>, <c>text_encoder</c>, <c>text_encoder_2</c>) to model.</param>
    public LoraTargets(IReadOnlyDictionary<string, nn.Module> components)
    {
        foreach (var (component, model) in components)
        {
            foreach (var (path, module) in model.named_modules())
            {
                var target = module switch
                {
                    Linear linear => new LoraTarget($"{component}.{path}", linear.adapters, linear.weight.shape),
                    Conv2d conv => new LoraTarget($"{component}.{path}", conv.adapters, conv.weight.shape),
                    _ => null,
                };
                if (target is null)
                    continue;
                foreach (var name in Names(component, model, path))
                    _ = _byName.TryAdd(name, target);
            }
        }
    }

    /// <summary>The layer a file means, or null.</summary>
    public LoraTarget? Find(string name) => _byName.GetValueOrDefault(name) ?? _byName.GetValueOrDefault(WithoutProcessor(name));

    // every spelling in circulation of one layer
    private static IEnumerable<string> Names(string component, nn.Module model, string path)
    {
        yield return $"{component}.{path}";
        yield return PeftPrefix + path;
        foreach (var prefix in KohyaPrefixes.GetValueOrDefault(component, []))
            yield return prefix + path.Replace('.', '_');
        if (component == "unet")
            yield return path;
        if (model is UNet2DConditionModel unet && FirstNames.Of(unet.Config, path) is { } first)
            yield return $"lora_unet_{first.Replace('.', '_')}";
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

    // the first diffusers releases kept adapters in attention processors: X.processor.to_out_lora means X.to_out.0
    private static string WithoutProcessor(string name)
    {
        const string Marker = ".processor.";
        var at = name.IndexOf(Marker, StringComparison.Ordinal);
        if (at < 0 || !name.EndsWith("_lora", StringComparison.Ordinal))
            return name;
        var layer = name[(at + Marker.Length)..^"_lora".Length];
        return $"{name[..at]}.{(layer == "to_out" ? "to_out.0" : layer)}";
    }
}

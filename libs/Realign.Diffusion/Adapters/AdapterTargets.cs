using Realign.Diffusion.UNet;
using Realign.Torch.Layers;
using static TorchSharp.torch;

namespace Realign.Diffusion.Adapters;

/// <summary>
/// Finds layers by the names that adapter files use. Names with underscores instead of points cannot be parsed, because module names
/// contain underscores too; so the map is made from the model's own names.
/// </summary>
/// <remarks>Immutable: safe for any thread.</remarks>
internal sealed class AdapterTargets
{
    private readonly Dictionary<string, AdapterTarget> _byName = new(StringComparer.Ordinal);
    private readonly List<string> _blocks = [];

    /// <param name="components">Component name (<c>unet</c>, <c>text_encoder</c>, <c>text_encoder_2</c>) to model.</param>
    public AdapterTargets(IReadOnlyDictionary<string, nn.Module> components)
    {
        foreach (var (component, model) in components)
        {
            foreach (var (path, module) in model.named_modules())
            {
                if (module is not IAdaptedLayer layer)
                    continue;
                var blocks = model is UNet2DConditionModel unet ? BlockNames.Of(unet.Config, path) : [];
                var target = new AdapterTarget(component, $"{component}.{path}", layer, layer.Weight.shape, blocks);
                foreach (var name in LayerNames.Of(component, model, path))
                    _ = _byName.TryAdd(name, target);
                _blocks.AddRange(blocks.Except(_blocks).ToList());
            }
        }
    }

    /// <summary>Names of all blocks of the UNet.</summary>
    public IReadOnlyList<string> Blocks => _blocks;

    /// <summary>The layer a file means, or null.</summary>
    public AdapterTarget? Find(string name) => _byName.GetValueOrDefault(name) ?? _byName.GetValueOrDefault(WithoutProcessor(name));

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

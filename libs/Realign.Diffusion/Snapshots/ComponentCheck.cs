using Realign.Clip.Text;
using Realign.Core.Errors;
using Realign.Diffusion.UNet;
using Realign.Diffusion.Vae;
using Realign.Safetensors;
using Realign.Torch.Weights;
using static TorchSharp.torch;

namespace Realign.Diffusion.Snapshots;

/// <summary>Compares the keys and shapes of a checkpoint with the structure its config describes, without reading or allocating weights.</summary>
/// <param name="Problems">Every missing, unexpected and mis-shaped key; empty = the file fits.</param>
/// <param name="Parameters">Numbers in the module tree.</param>
public sealed record ComponentCheck(IReadOnlyList<string> Problems, long Parameters)
{
    /// <summary>Classes this can check.</summary>
    public static IReadOnlyList<string> Classes { get; } =
        [nameof(UNet2DConditionModel), nameof(AutoencoderKL), nameof(CLIPTextModel), nameof(CLIPTextModelWithProjection)];

    /// <summary>Checks one component.</summary>
    /// <param name="className">One of <see cref="Classes"/>, as <c>model_index.json</c> names it.</param>
    /// <param name="configPath">Its <c>config.json</c>.</param>
    /// <param name="entries">Keys and shapes of its weights.</param>
    /// <exception cref="ModelLoadException">The class is unknown or the config cannot be used.</exception>
    public static ComponentCheck Run(string className, string configPath, IReadOnlyDictionary<string, SafetensorsEntry> entries)
    {
        var (module, rules) = Build(className, configPath);
        using (module)
        {
            var parameters = StateDict.Shapes(module).Values.Sum(shape => shape.Aggregate(1L, (product, side) => product * side));
            return new ComponentCheck(StateDict.Check(module, entries, rules), parameters);
        }
    }

    private static (nn.Module Module, KeyRules? Rules) Build(string className, string configPath) => className switch
    {
        nameof(UNet2DConditionModel) => (new UNet2DConditionModel(UNet2DConditionConfig.Load(configPath)), null),
        nameof(AutoencoderKL) => (new AutoencoderKL(AutoencoderKLConfig.Load(configPath)), AutoencoderKL.Rules),
        nameof(CLIPTextModel) => (new CLIPTextModel(CLIPTextConfig.Load(configPath)), CLIPTextModel.Rules),
        nameof(CLIPTextModelWithProjection) => (new CLIPTextModelWithProjection(CLIPTextConfig.Load(configPath)), CLIPTextModel.Rules),
        _ => throw new ModelLoadException(configPath, $"class '{className}' is not implemented", $"known: {string.Join(", ", Classes)}"),
    };
}

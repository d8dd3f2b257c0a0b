using System.Text.RegularExpressions;

namespace Realign.Models.Torch;

/// <summary>One set of weight files of a folder.</summary>
/// <param name="BaseName"><c>model</c>, <c>diffusion_pytorch_model</c> or <c>ImageReward</c>.</param>
/// <param name="Variant">For example <c>fp16</c>; null = the plain files.</param>
internal sealed partial record WeightSet(string BaseName, string? Variant)
{
    /// <summary>Every set of a folder, plain files first.</summary>
    public static IReadOnlyList<WeightSet> Find(string folder) =>
        [.. Directory.EnumerateFiles(folder)
            .Select(file => Pattern().Match(Path.GetFileName(file)))
            .Where(match => match.Success)
            .Select(match => new WeightSet(match.Groups["base"].Value, match.Groups["variant"] is { Success: true } variant ? variant.Value : null))
            .Distinct()
            .OrderBy(set => set.Variant, StringComparer.Ordinal)];

    // model.safetensors, model.fp16.safetensors, model.safetensors.index.json, model.safetensors.index.fp16.json, model.fp16.safetensors.index.json
    [GeneratedRegex(@"^(?<base>model|diffusion_pytorch_model|ImageReward)(\.(?<variant>[A-Za-z0-9_]+))?\.safetensors(\.index(\.(?<variant>[A-Za-z0-9_]+))?\.json)?$")]
    private static partial Regex Pattern();
}

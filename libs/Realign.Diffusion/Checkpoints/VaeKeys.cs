using System.Globalization;
using System.Text.RegularExpressions;

namespace Realign.Diffusion.Checkpoints;

/// <summary>Names of the autoencoder's parts in the first authors' layout (CompVis/taming-transformers, <c>diffusionmodules/model.py</c>).</summary>
/// <param name="levels">Resolutions, which its decoder counts the other way round.</param>
internal sealed partial class VaeKeys(int levels)
{
    /// <summary>The module's key of a key without <c>first_stage_model.</c>; null = it has none.</summary>
    public string? Find(string key)
    {
        if (key.StartsWith("quant_conv.", StringComparison.Ordinal) || key.StartsWith("post_quant_conv.", StringComparison.Ordinal))
            return key;
        if (Outer().Match(key) is { Success: true } outer)
            return $"{outer.Groups[1]}.{(outer.Groups[2].Value == "norm_out" ? "conv_norm_out" : outer.Groups[2].Value)}.{outer.Groups[3]}";
        if (Middle().Match(key) is { Success: true } middle)
            return $"{middle.Groups[1]}.mid_block.resnets.{(middle.Groups[2].Value == "1" ? 0 : 1)}.{Inner(middle.Groups[3].Value)}";
        if (Attention().Match(key) is { Success: true } attention)
            return $"{attention.Groups[1]}.mid_block.attentions.0.{Projection(attention.Groups[2].Value)}.{attention.Groups[3]}";
        if (Level().Match(key) is not { Success: true } level)
            return null;
        var index = int.Parse(level.Groups[3].Value, CultureInfo.InvariantCulture);
        var blocks = $"{level.Groups[1]}.{level.Groups[2]}_blocks.{(level.Groups[2].Value == "up" ? levels - 1 - index : index)}";
        return level.Groups[4].Success
            ? $"{blocks}.resnets.{level.Groups[5]}.{Inner(level.Groups[6].Value)}"
            : $"{blocks}.{level.Groups[2]}samplers.0.conv.{level.Groups[7]}";
    }

    /// <summary>Whether a tensor is a 1x1 convolution there and a matrix here.</summary>
    public static bool IsMatrix(string key) => key.Contains(".mid_block.attentions.0.to_", StringComparison.Ordinal)
        && key.EndsWith(".weight", StringComparison.Ordinal);

    private static string Inner(string rest) => rest.Replace("nin_shortcut.", "conv_shortcut.", StringComparison.Ordinal);

    private static string Projection(string name) => name switch
    {
        "norm" => "group_norm",
        "proj_out" => "to_out.0",
        _ => $"to_{name}",
    };

    [GeneratedRegex(@"^(encoder|decoder)\.(conv_in|conv_out|norm_out)\.(weight|bias)$")]
    private static partial Regex Outer();

    [GeneratedRegex(@"^(encoder|decoder)\.mid\.block_([12])\.(.+)$")]
    private static partial Regex Middle();

    [GeneratedRegex(@"^(encoder|decoder)\.mid\.attn_1\.(norm|q|k|v|proj_out)\.(weight|bias)$")]
    private static partial Regex Attention();

    [GeneratedRegex(@"^(encoder|decoder)\.(down|up)\.(\d{1,2})\.(?:(block)\.(\d{1,2})\.(.+)|(?:down|up)sample\.conv\.(weight|bias))$")]
    private static partial Regex Level();
}

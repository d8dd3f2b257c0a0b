using System.Globalization;
using Realign.Diffusion.UNet;

namespace Realign.Diffusion.Adapters;

/// <summary>
/// Names of UNet layers in the first authors' code (Rombach et al. 2022, <c>openaimodel.py</c>), which numbers the residual blocks of all
/// levels through. Adapters for XL that were trained with kohya's scripts use them.
/// </summary>
internal static class FirstNames
{
    private static readonly Dictionary<string, string> Outside = new(StringComparer.Ordinal)
    {
        ["conv_in"] = "input_blocks.0.0",
        ["conv_norm_out"] = "out.0",
        ["conv_out"] = "out.2",
        ["time_embedding.linear_1"] = "time_embed.0",
        ["time_embedding.linear_2"] = "time_embed.2",
        ["add_embedding.linear_1"] = "label_emb.0.0",
        ["add_embedding.linear_2"] = "label_emb.0.2",
    };

    private static readonly Dictionary<string, string> InResnet = new(StringComparer.Ordinal)
    {
        ["norm1"] = "in_layers.0",
        ["conv1"] = "in_layers.2",
        ["time_emb_proj"] = "emb_layers.1",
        ["norm2"] = "out_layers.0",
        ["conv2"] = "out_layers.3",
        ["conv_shortcut"] = "skip_connection",
    };

    /// <summary>The first name of a layer; null when it has none.</summary>
    /// <param name="config">Structure of the UNet.</param>
    /// <param name="path">Module path in it, e.g. <c>down_blocks.1.attentions.0.proj_in</c>.</param>
    public static string? Of(UNet2DConditionConfig config, string path)
    {
        if (Outside.TryGetValue(path, out var outside))
            return outside;
        return path.Split('.') switch
        {
            ["mid_block", "attentions", _, .. var rest] => $"middle_block.1.{string.Join('.', rest)}",
            ["mid_block", "resnets", var index, var layer] => $"middle_block.{Number(index) * 2}.{InResnet[layer]}",
            ["down_blocks", var level, var kind, var index, .. var rest] => Down(config, Number(level), kind, Number(index), rest),
            ["up_blocks", var level, var kind, var index, .. var rest] => Up(config, Number(level), kind, Number(index), rest),
            _ => null,
        };
    }

    private static string Down(UNet2DConditionConfig config, int level, string kind, int index, string[] rest)
    {
        // conv_in is block 0; the downsampler of a level is a block of its own
        var first = 1 + config.LayersPerBlock.Take(level).Sum(layers => layers + 1);
        return kind == "downsamplers" ? $"input_blocks.{first + config.LayersPerBlock[level]}.0.op" : $"input_blocks.{first + index}.{Inner(kind, rest)}";
    }

    private static string Up(UNet2DConditionConfig config, int level, string kind, int index, string[] rest)
    {
        var layers = config.LayersPerBlock.Reverse().Select(count => count + 1).ToList();
        var first = layers.Take(level).Sum();
        if (kind != "upsamplers")
            return $"output_blocks.{first + index}.{Inner(kind, rest)}";
        // the upsampler is the last piece of the last block
        return $"output_blocks.{first + layers[level] - 1}.{(config.UpAttention[level] ? 2 : 1)}.conv";
    }

    private static string Inner(string kind, string[] rest) => kind == "resnets" ? $"0.{InResnet[rest[0]]}" : $"1.{string.Join('.', rest)}";

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}

using System.Globalization;
using System.Text.RegularExpressions;
using Realign.Safetensors;

namespace Realign.Clip.OpenClip;

/// <summary>Names in OpenCLIP's layout (mlfoundations/open_clip, <c>transformer.py</c>, <c>model.py</c>) and what they are called here.</summary>
public static partial class OpenClipKeys
{
    // the three projections that are one tensor there, in its order
    private static readonly string[] Projections = ["q_proj", "k_proj", "v_proj"];

    /// <summary>
    /// Key of the text tower's module for a key without the tower's prefix; null = it has none. Of the joint projection the key holds <c>qkv_proj</c>.
    /// </summary>
    public static string? Find(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key switch
        {
            "token_embedding.weight" => "text_model.embeddings.token_embedding.weight",
            "positional_embedding" => "text_model.embeddings.position_embedding.weight",
            "ln_final.weight" or "ln_final.bias" => "text_model.final_layer_norm" + key["ln_final".Length..],
            "text_projection" or "text_projection.weight" => "text_projection.weight",
            _ => InBlock("text_model", key),
        };
    }

    /// <summary>The same for the picture tower, whose prefix is <c>visual.</c></summary>
    public static string? FindVisual(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key switch
        {
            "class_embedding" => "vision_model.embeddings.class_embedding",
            "positional_embedding" => "vision_model.embeddings.position_embedding.weight",
            "conv1.weight" => "vision_model.embeddings.patch_embedding.weight",
            "ln_pre.weight" or "ln_pre.bias" => "vision_model.pre_layrnorm" + key["ln_pre".Length..],
            "ln_post.weight" or "ln_post.bias" => "vision_model.post_layernorm" + key["ln_post".Length..],
            "proj" => "visual_projection.weight",
            _ => InBlock("vision_model", key),
        };
    }

    /// <summary>The layer of a key; null = it belongs to none.</summary>
    public static int? LayerOf(string key) =>
        Block().Match(key) is { Success: true } block ? int.Parse(block.Groups[1].Value, CultureInfo.InvariantCulture) : null;

    /// <summary>A tensor of a file under the module's key; the joint projection as its three parts. Null = its rows are not three equal parts.</summary>
    /// <param name="entry">The tensor.</param>
    /// <param name="target">What <see cref="Find"/> or <see cref="FindVisual"/> found for it.</param>
    public static IReadOnlyList<SafetensorsEntry>? Place(SafetensorsEntry entry, string target)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentNullException.ThrowIfNull(target);
        if (!target.Contains("qkv_proj", StringComparison.Ordinal))
            return [entry with { Name = target }];
        if (entry.Shape.Count == 0 || entry.Shape[0] % Projections.Length != 0)
            return null;
        var length = entry.LengthBytes / Projections.Length;
        return [.. Projections.Select((projection, index) => entry with
        {
            Name = target.Replace("qkv_proj", projection, StringComparison.Ordinal),
            Shape = [entry.Shape[0] / Projections.Length, .. entry.Shape.Skip(1)],
            Offset = entry.Offset + (index * length),
            LengthBytes = length,
        })];
    }

    private static string? InBlock(string tower, string key) => Block().Match(key) is not { Success: true } block
        ? null
        : $"{tower}.encoder.layers.{block.Groups[1]}." + block.Groups[2].Value switch
        {
            "ln_1" => "layer_norm1.",
            "ln_2" => "layer_norm2.",
            "mlp.c_fc" => "mlp.fc1.",
            "mlp.c_proj" => "mlp.fc2.",
            "attn.out_proj" => "self_attn.out_proj.",
            _ => "self_attn.qkv_proj.",
        } + block.Groups[3];

    [GeneratedRegex(@"^transformer\.resblocks\.(\d{1,3})\.(ln_1|ln_2|mlp\.c_fc|mlp\.c_proj|attn\.out_proj|attn\.in_proj)[._](weight|bias)$")]
    private static partial Regex Block();
}

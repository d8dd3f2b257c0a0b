using System.Globalization;
using System.Text.RegularExpressions;

namespace Realign.Diffusion.Checkpoints;

/// <summary>Names of a text tower in OpenCLIP's layout (mlfoundations/open_clip, <c>transformer.py</c>).</summary>
internal static partial class OpenClipKeys
{
    /// <summary>The three projections that are one tensor there, in its order.</summary>
    public static IReadOnlyList<string> Projections { get; } = ["q_proj", "k_proj", "v_proj"];

    /// <summary>
    /// The module's key of a key without the tower's prefix; null = it has none. Of the joint projection the key holds <c>qkv_proj</c>.
    /// </summary>
    public static string? Find(string key) => key switch
    {
        "token_embedding.weight" => "text_model.embeddings.token_embedding.weight",
        "positional_embedding" => "text_model.embeddings.position_embedding.weight",
        "ln_final.weight" or "ln_final.bias" => "text_model.final_layer_norm" + key["ln_final".Length..],
        "text_projection" or "text_projection.weight" => "text_projection.weight",
        _ when Block().Match(key) is { Success: true } block => $"text_model.encoder.layers.{block.Groups[1]}." + block.Groups[2].Value switch
        {
            "ln_1" => "layer_norm1.",
            "ln_2" => "layer_norm2.",
            "mlp.c_fc" => "mlp.fc1.",
            "mlp.c_proj" => "mlp.fc2.",
            "attn.out_proj" => "self_attn.out_proj.",
            _ => "self_attn.qkv_proj.",
        } + block.Groups[3],
        _ => null,
    };

    /// <summary>The layer of a key; null = it belongs to none.</summary>
    public static int? LayerOf(string key) =>
        Block().Match(key) is { Success: true } block ? int.Parse(block.Groups[1].Value, CultureInfo.InvariantCulture) : null;

    [GeneratedRegex(@"^transformer\.resblocks\.(\d{1,3})\.(ln_1|ln_2|mlp\.c_fc|mlp\.c_proj|attn\.out_proj|attn\.in_proj)[._](weight|bias)$")]
    private static partial Regex Block();
}

namespace Realign.Diffusion.Adapters;

/// <summary>
/// Endings of keys in adapter files, in every spelling in circulation: peft, diffusers, diffusers' attention processors, kohya, LyCORIS.
/// Facts: ComfyUI comfy/weight_adapter, LyCORIS lycoris/modules, diffusers loaders/lora_conversion_utils.
/// </summary>
internal static class AdapterKeys
{
    /// <summary>Beginning of the keys of embeddings inside an adapter file: <c>bundle_emb.NAME.KEY</c>.</summary>
    public const string Bundle = "bundle_emb.";

    private static readonly (string Suffix, AdapterPart Part)[] Suffixes =
    [
        (".lora_A.weight", AdapterPart.Down), (".lora_B.weight", AdapterPart.Up),
        (".lora_A.default.weight", AdapterPart.Down), (".lora_B.default.weight", AdapterPart.Up),
        (".lora.down.weight", AdapterPart.Down), (".lora.up.weight", AdapterPart.Up),
        (".lora_down.weight", AdapterPart.Down), (".lora_up.weight", AdapterPart.Up), (".lora_mid.weight", AdapterPart.Mid),
        (".lora_linear_layer.down.weight", AdapterPart.Down), (".lora_linear_layer.up.weight", AdapterPart.Up),
        (".down.weight", AdapterPart.Down), (".up.weight", AdapterPart.Up),
        (".alpha", AdapterPart.Alpha),
        (".dora_scale", AdapterPart.Magnitude), (".lora_magnitude_vector", AdapterPart.Magnitude),
        (".lora_magnitude_vector.weight", AdapterPart.Magnitude), (".lora_magnitude_vector.default.weight", AdapterPart.Magnitude),
        (".hada_w1_a", AdapterPart.Hada1A), (".hada_w1_b", AdapterPart.Hada1B), (".hada_w2_a", AdapterPart.Hada2A),
        (".hada_w2_b", AdapterPart.Hada2B), (".hada_t1", AdapterPart.HadaCore1), (".hada_t2", AdapterPart.HadaCore2),
        (".lokr_w1", AdapterPart.Kron1), (".lokr_w1_a", AdapterPart.Kron1A), (".lokr_w1_b", AdapterPart.Kron1B), (".lokr_w2", AdapterPart.Kron2),
        (".lokr_w2_a", AdapterPart.Kron2A), (".lokr_w2_b", AdapterPart.Kron2B), (".lokr_t2", AdapterPart.KronCore2),
        (".diff", AdapterPart.WeightDifference), (".diff_b", AdapterPart.BiasDifference),
        (".w_norm", AdapterPart.WeightDifference), (".b_norm", AdapterPart.BiasDifference),
    ];

    private static readonly (string Suffix, string Kind)[] Others =
    [
        (".oft_blocks", "an OFT or BOFT adapter"), (".oft_diag", "an OFT adapter"), (".oft_R.weight", "an OFT adapter"),
        (".a1.weight", "a GLoRA adapter"), (".a2.weight", "a GLoRA adapter"), (".b1.weight", "a GLoRA adapter"), (".b2.weight", "a GLoRA adapter"),
        (".on_input", "an (IA)3 adapter"), (".set_weight", "an adapter that sets weights"), (".set_bias", "an adapter that sets weights"),
        (".reshape_weight", "an adapter that changes the sizes of layers"), (".lora_B.bias", "an adapter with biases in its low-rank pairs"),
        ("emb_params", "a textual inversion"), ("string_to_param.*", "a textual inversion"),
    ];

    /// <summary>The layer's name in the file, and the part; null when the key is none of an adapter.</summary>
    public static (string Layer, AdapterPart Part)? Split(string key)
    {
        foreach (var (suffix, part) in Suffixes)
        {
            if (key.Length > suffix.Length && key.EndsWith(suffix, StringComparison.Ordinal))
                return (key[..^suffix.Length], part);
        }

        return null;
    }

    /// <summary>Whether a key can be of nothing but an adapter: <c>.alpha</c> or <c>.down.weight</c> alone may be of any model.</summary>
    public static bool AreOnlyInAdapters(string key) => key.StartsWith(Bundle, StringComparison.Ordinal)
        || (Split(key) is { Part: not AdapterPart.Alpha } split
            && (split.Part is not (AdapterPart.Down or AdapterPart.Up) || key.Contains("lora", StringComparison.Ordinal)));

    /// <summary>Whether a key names the norms of a DoRA by its peft name: those are the norms of rows, always.</summary>
    public static bool IsPeftMagnitude(string key) => key.Contains(".lora_magnitude_vector", StringComparison.Ordinal);

    /// <summary>Whether a key is one of norms: <c>w_norm</c>, <c>b_norm</c>.</summary>
    public static bool IsNorm(string key) => key.EndsWith("_norm", StringComparison.Ordinal);

    /// <summary>Why a key that <see cref="Split"/> does not know is refused.</summary>
    public static string Refusal(string key)
    {
        var (_, kind) = Others.FirstOrDefault(other => key.EndsWith(other.Suffix, StringComparison.Ordinal));
        return kind is null ? $"key '{key}' is no adapter key that is known" : $"key '{key}' belongs to {kind}, which is not supported here";
    }
}

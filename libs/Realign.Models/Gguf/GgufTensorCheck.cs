using Realign.Llama.Gguf;

namespace Realign.Models.Gguf;

/// <summary>
/// The tensors that a dense model of the Llama kind (Llama, Qwen 2 and 3, Gemma) must have, with their shapes; llama.cpp itself stops at the
/// first that does not fit, this lists all.
/// </summary>
internal static class GgufTensorCheck
{
    public static IReadOnlyList<string> Problems(GgufFile file)
    {
        var problems = new List<string>();
        var architecture = file.String("general.architecture");
        long Size(string name, long fallback = 0) => file.Integer($"{architecture}.{name}") ?? fallback;
        var (width, layers, heads, inner) = (Size("embedding_length"), Size("block_count"), Size("attention.head_count"), Size("feed_forward_length"));
        // sizes that cannot be used are reported by the check of the metadata; experts have other tensors
        if (width <= 0 || layers is <= 0 or > 512 || heads <= 0 || inner <= 0 || Size("expert_count") > 0)
            return problems;
        var shared = Size("attention.head_count_kv", heads);
        var (key, value) = (Size("attention.key_length", width / heads), Size("attention.value_length", width / heads));
        var tensors = file.Tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.Shape, StringComparer.Ordinal);
        void Require(string name, params long[] shape)
        {
            if (!tensors.TryGetValue(name, out var found))
                problems.Add($"missing tensor '{name}'");
            else if (!found.SequenceEqual(shape))
                problems.Add($"tensor '{name}' has shape [{string.Join(", ", found)}], the metadata ask for [{string.Join(", ", shape)}]");
        }

        long vocabulary = file.Array("tokenizer.ggml.tokens")?.Count ?? 0;
        Require("token_embd.weight", width, vocabulary);
        Require("output_norm.weight", width);
        if (tensors.ContainsKey("output.weight"))
            Require("output.weight", width, vocabulary);
        for (var layer = 0; layer < layers; layer++)
        {
            Require($"blk.{layer}.attn_norm.weight", width);
            Require($"blk.{layer}.attn_q.weight", width, heads * key);
            Require($"blk.{layer}.attn_k.weight", width, shared * key);
            Require($"blk.{layer}.attn_v.weight", width, shared * value);
            Require($"blk.{layer}.attn_output.weight", heads * value, width);
            Require($"blk.{layer}.ffn_norm.weight", width);
            Require($"blk.{layer}.ffn_gate.weight", width, inner);
            Require($"blk.{layer}.ffn_up.weight", width, inner);
            Require($"blk.{layer}.ffn_down.weight", inner, width);
        }

        return problems;
    }
}

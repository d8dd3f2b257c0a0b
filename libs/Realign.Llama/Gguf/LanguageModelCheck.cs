namespace Realign.Llama.Gguf;

/// <summary>
/// What llama.cpp relies on without checking: a vocabulary whose arrays belong together, and layer sizes that divide. Tensor names and
/// shapes it compares itself.
/// </summary>
public static class LanguageModelCheck
{
    private const int MaxLayers = 512;
    private const int MaxVocabulary = 4 << 20;
    private const long ByteToken = 6;

    // other architectures have graphs with other assertions, and none of the chat formats that are rendered
    private static readonly string[] Architectures = ["llama", "qwen2", "qwen3", "gemma", "gemma2", "gemma3"];

    // llama.cpp replaces others that are out of range by its defaults
    private static readonly string[] SpecialTokens = ["bos_token_id", "eos_token_id"];

    /// <summary>Everything that is wrong with a file as a language model; empty when it may be loaded.</summary>
    public static IReadOnlyList<string> Problems(GgufFile file)
    {
        var problems = new List<string>();
        if (file.String("general.architecture") is not { Length: > 0 } architecture)
        {
            problems.Add("general.architecture is missing: it is not a model");
            return problems;
        }

        if (!Architectures.Contains(architecture))
            problems.Add($"general.architecture is '{architecture}', supported are {string.Join(", ", Architectures)}");
        if (file.Tensors.Count == 0)
            problems.Add("it has no tensors: only a vocabulary");
        CheckSizes(file, architecture, problems);
        CheckVocabulary(file, problems);
        return problems;
    }

    private static void CheckSizes(GgufFile file, string architecture, List<string> problems)
    {
        var width = Size("embedding_length", 1, 1 << 20);
        _ = Size("block_count", 1, MaxLayers);
        _ = Size("context_length", 1, 1 << 30);
        var heads = Size("attention.head_count", 1, 1 << 16);
        if (file.Metadata.ContainsKey($"{architecture}.attention.head_count_kv") && heads is { } all
            && Size("attention.head_count_kv", 1, 1 << 16) is { } shared && all % shared != 0)
        {
            problems.Add($"{architecture}.attention.head_count is {all}, not a multiple of the {shared} key-value heads");
        }

        if (width is { } columns && heads is { } count && columns % count != 0 && !file.Metadata.ContainsKey($"{architecture}.attention.key_length"))
            problems.Add($"{architecture}.embedding_length is {columns}, not a multiple of the {count} heads");
        if (file.Metadata.ContainsKey($"{architecture}.rope.dimension_count") && Size("rope.dimension_count", 1, 1 << 16) is { } rope && rope % 2 != 0)
            problems.Add($"{architecture}.rope.dimension_count is {rope}, an even number is needed");
        var headSize = file.Metadata.ContainsKey($"{architecture}.attention.key_length") ? Size("attention.key_length", 1, 1 << 16) : width / heads;
        if (headSize is { } keys && file.Integer($"{architecture}.rope.dimension_count") is { } turned && turned != keys)
            problems.Add($"{architecture}.rope.dimension_count is {turned}, but a head has {keys} columns");
        if (file.Integer($"{architecture}.expert_count") is { } experts and not 0
            && !(experts is > 0 and <= MaxLayers && file.Integer($"{architecture}.expert_used_count") is { } used && used >= 1 && used <= experts))
        {
            problems.Add($"{architecture}.expert_used_count does not fit the {experts} experts");
        }

        foreach (var (key, value) in file.Metadata)
        {
            if (value.Value is double number && (!double.IsFinite(number) || (number < 0 && key.EndsWith("epsilon", StringComparison.Ordinal))))
                problems.Add($"{key} is {number}");
        }

        long? Size(string name, long min, long max)
        {
            var key = $"{architecture}.{name}";
            // some architectures give one number per layer
            if (file.Array(key) is { Numbers.Count: > 0 } perLayer)
            {
                if (perLayer.Numbers.Any(size => size < 0 || size > max))
                    problems.Add($"{key} holds a number outside 0..{max}");
                return null;
            }

            if (file.Integer(key) is { } value)
            {
                if (value >= min && value <= max)
                    return value;
                problems.Add($"{key} is {value}, outside {min}..{max}");
                return null;
            }

            problems.Add($"{key} is missing or not a whole number");
            return null;
        }
    }

    /// <summary>SentencePiece falls back to the 256 byte tokens for what it does not know, and reads their value from their text.</summary>
    private static void CheckBytes(GgufFile file, GgufArray tokens, HashSet<string> texts, List<string> problems)
    {
        for (var value = 0; value < 256; value++)
        {
            if (texts.Contains(ByteText(value)))
                continue;
            problems.Add($"tokenizer.ggml.tokens lacks the byte token {ByteText(value)}");
            break;
        }

        if (file.Array("tokenizer.ggml.token_type") is not { ElementType: GgufValueType.Int32 } types || types.Count != tokens.Count)
            return;
        var bytes = Enumerable.Range(0, 256).Select(ByteText).ToHashSet(StringComparer.Ordinal);
        for (var id = 0; id < tokens.Count; id++)
        {
            if (types.Numbers[id] == ByteToken && !bytes.Contains(tokens.Texts[id]))
            {
                problems.Add($"tokenizer.ggml.token_type calls '{tokens.Texts[id]}' a byte");
                break;
            }
        }

        static string ByteText(int value) => $"<0x{value:X2}>";
    }

    private static void CheckVocabulary(GgufFile file, List<string> problems)
    {
        if (file.String("tokenizer.ggml.model") is not { } kind)
        {
            problems.Add("tokenizer.ggml.model is missing: the file has no vocabulary");
            return;
        }

        if (kind is not ("llama" or "gpt2"))
            problems.Add($"tokenizer.ggml.model is '{kind}', only 'llama' (SentencePiece) and 'gpt2' (byte-level BPE) are supported");
        if (file.Array("tokenizer.ggml.tokens") is not { ElementType: GgufValueType.Text } tokens || tokens.Count is 0 or > MaxVocabulary)
        {
            problems.Add("tokenizer.ggml.tokens is not a list of texts");
            return;
        }

        // llama.cpp ends a text at NUL, names empty ones itself, and aborts the process on a repeated one
        var seen = new HashSet<string>(StringComparer.Ordinal);
        if (tokens.Texts.Select(token => token.Split('\0')[0]).FirstOrDefault(token => token.Length > 0 && !seen.Add(token)) is { } repeated)
            problems.Add($"tokenizer.ggml.tokens holds '{repeated}' twice");
        // read as raw memory by llama.cpp, one entry per token
        Parallel("tokenizer.ggml.scores", GgufValueType.Float32, required: kind == "llama");
        Parallel("tokenizer.ggml.token_type", GgufValueType.Int32, required: false);
        if (kind == "llama")
            CheckBytes(file, tokens, seen, problems);
        else if (file.Array("tokenizer.ggml.token_type")?.Numbers.Contains(ByteToken) == true)
            problems.Add("tokenizer.ggml.token_type names byte tokens, which byte-level BPE has not");
        if (kind == "gpt2" && file.Array("tokenizer.ggml.merges") is not { ElementType: GgufValueType.Text })
            problems.Add("tokenizer.ggml.merges is not a list of texts");
        if (file.Array("tokenizer.ggml.merges") is { ElementType: GgufValueType.Text } merges
            && merges.Texts.FirstOrDefault(merge => merge.Length < 3 || merge.IndexOf(' ', 1) is < 1) is { } wrong)
        {
            problems.Add($"tokenizer.ggml.merges holds '{wrong}', two pieces are needed");
        }

        foreach (var name in SpecialTokens)
        {
            var key = $"tokenizer.ggml.{name}";
            if (file.Metadata.ContainsKey(key) && file.Integer(key) is not { } id)
                problems.Add($"{key} is not a token id");
            else if (file.Integer(key) is { } token && (token < 0 || token >= tokens.Count))
                problems.Add($"{key} is {token}, the vocabulary has {tokens.Count} tokens");
        }

        if (file.Metadata.TryGetValue("tokenizer.ggml.precompiled_charsmap", out _))
            problems.Add("tokenizer.ggml.precompiled_charsmap belongs to unigram vocabularies, which are not supported");
        if (file.Integer($"{file.String("general.architecture")}.vocab_size") is { } size && size != tokens.Count)
            problems.Add($"vocab_size is {size}, the vocabulary has {tokens.Count} tokens");
        var embedding = file.Tensors.FirstOrDefault(tensor => tensor.Name == "token_embd.weight");
        if (embedding is not null && (embedding.Shape.Count != 2 || embedding.Shape[1] != tokens.Count))
            problems.Add($"token_embd.weight is [{string.Join(", ", embedding.Shape)}], the vocabulary has {tokens.Count} tokens");

        void Parallel(string key, GgufValueType type, bool required)
        {
            if (!file.Metadata.ContainsKey(key))
            {
                if (required)
                    problems.Add($"{key} is missing");
            }
            else if (file.Array(key) is not { } array || array.ElementType != type || array.Count != tokens.Count)
            {
                problems.Add($"{key} is not a list of {tokens.Count} values of type {type}");
            }
        }
    }
}

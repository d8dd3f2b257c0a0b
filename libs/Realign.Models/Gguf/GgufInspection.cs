using Realign.Core.Errors;
using Realign.Llama.Chat;
using Realign.Llama.Gguf;
using Realign.SceneScoring;

namespace Realign.Models.Gguf;

/// <summary>Language models for llama.cpp.</summary>
internal static class GgufInspection
{
    private const string KeyValueCache = "key-value cache of the whole context, float16";

    public static ModelReport Run(string path, IReadOnlyList<string> files)
    {
        var parts = new List<PartReport>();
        var facts = new List<string>();
        var memory = new Dictionary<string, long>();
        string? license = null;
        // a later part is looked at with the first one; alone, it says so itself
        var models = files.Where(file => files.Count == 1 || !GgufParts.IsLater(file)).ToList();
        foreach (var file in models)
        {
            var name = Path.GetFileName(file);
            try
            {
                var gguf = GgufFile.OpenModel(file);
                parts.Add(Part(name, gguf));
                memory[models.Count == 1 ? "as stored" : name] = gguf.Tensors.Sum(tensor => tensor.Length);
                if (CacheBytes(gguf) is { } bytes)
                    memory[KeyValueCache] = Math.Max(memory.GetValueOrDefault(KeyValueCache), bytes);
                license ??= gguf.String("general.license");
            }
            catch (ModelLoadException exception)
            {
                parts.Add(new PartReport { Name = name, ClassName = "unreadable", Files = [name] }.With(exception));
            }
        }

        if (models.Count > 1)
            facts.Add("each file is a whole model: name one of them in the settings");
        return new ModelReport
        {
            Path = path,
            Kind = ModelKind.Gguf,
            Description = "language model for llama.cpp",
            Facts = facts,
            Parts = parts,
            MemoryBytes = memory,
            License = LicenseFile.Find(path) ?? (license is null ? null : $"general.license: {license}"),
        };
    }

    private static PartReport Part(string name, GgufFile file)
    {
        var architecture = file.String("general.architecture") ?? "unknown";
        var types = file.Tensors.GroupBy(tensor => tensor.Type.Name).OrderByDescending(group => group.Sum(tensor => tensor.Length)).Select(group => group.Key);
        var template = ChatTemplate.TryDetect(file.String("tokenizer.chat_template"));
        var findings = Load(file, template is not null);
        return new PartReport
        {
            Name = name,
            ClassName = architecture,
            Files = [.. GgufParts.Of(file).Select(part => Path.GetFileName(part))],
            StoredTypes = [.. types],
            Tensors = file.Tensors.Count,
            Parameters = file.Tensors.Sum(tensor => tensor.Shape.Aggregate(1L, (product, side) => product * side)),
            Facts =
            [
                $"GGUF version {file.Version}{(file.String("general.name") is { } title ? $", {title}" : "")}",
                $"context of {file.Integer($"{architecture}.context_length")} tokens, {file.Integer($"{architecture}.block_count")} layers of width "
                    + $"{file.Integer($"{architecture}.embedding_length")}",
                $"vocabulary {file.String("tokenizer.ggml.model") ?? "missing"}, {file.Array("tokenizer.ggml.tokens")?.Count ?? 0} tokens",
                template is not null ? $"chat format {template.Family}"
                    : "it names no chat format that is known: the SceneScorer needs one in SceneScorer:ChatFormat, and an instruction-tuned model",
            ],
            Problems = findings.Problems,
            WaysOut = findings.WaysOut,
        };
    }

    // as the SceneScorer does, with what lies beside the file, down to the first answer
    private static Findings Load(GgufFile file, bool knowsChatFormat)
    {
        var findings = new Findings();
        findings.AddRange(LanguageModelCheck.Problems(file));
        if (findings.Problems.Count > 0)
            return findings;
        var options = new SceneScoringOptions { ChatFormat = knowsChatFormat ? null : ChatFamily.ChatML };
        findings.TryLoad(() => SceneScorer.Load(file.Path, options, CancellationToken.None));
        if (findings.Problems.Count == 0 || GgufTensorCheck.Problems(file) is not { Count: > 0 } tensors)
            return findings;
        // llama.cpp stops at the first tensor that does not fit
        var all = new Findings();
        all.AddRange(tensors);
        return all;
    }

    // two vectors per token, layer and key-value head
    private static long? CacheBytes(GgufFile file)
    {
        var architecture = file.String("general.architecture");
        long? Size(string name) => file.Integer($"{architecture}.{name}");
        var heads = Size("attention.head_count");
        if (Size("context_length") is not { } context || Size("block_count") is not { } layers || Size("embedding_length") is not { } width || heads is not > 0)
            return null;
        var keys = Size("attention.key_length") ?? width / heads.Value;
        var values = Size("attention.value_length") ?? width / heads.Value;
        var total = (Int128)context * layers * (Size("attention.head_count_kv") ?? heads.Value) * (keys + values) * 2;
        return total >= 0 && total <= long.MaxValue ? (long)total : null;
    }
}

using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Llama;

namespace Realign.Conformance.Suites.Llm;

/// <summary>Text to ids and back, and the facts of each vocabulary.</summary>
internal sealed class TokenizationSuite : IConformanceSuite
{
    public string Folder => "llm";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        foreach (var (model, name) in LlmPack.ModelFolders(folder))
        {
            foreach (var file in LlmPack.Files(model))
            {
                yield return new ConformanceCase($"tokenization/{name}/{file}/vocabulary",
                    context => Vocabulary(context, model, LlmPack.Load(Path.Combine(folder, name, file))));
            }

            var first = Path.Combine(folder, name, LlmPack.Files(model).First());
            var index = 0;
            foreach (var test in LlmPack.Json(folder, name, "tokenization.json").GetProperty("cases").EnumerateArray())
                yield return new ConformanceCase($"tokenization/{name}/{index++}", context => Text(context, test, LlmPack.Load(first).Vocabulary));
        }
    }

    private static void Vocabulary(CaseContext context, JsonElement model, LlamaModel loaded)
    {
        var vocabulary = loaded.Vocabulary;
        context.Equal("vocab_size", model.GetProperty("vocab_size").GetInt32(), vocabulary.Size);
        context.Equal("context_length", model.GetProperty("context_length").GetInt32(), loaded.TrainedContext);
        context.Equal("adds_bos", model.GetProperty("adds_bos").GetBoolean(), vocabulary.AddsBegin);
        context.Equal("eos_id", model.GetProperty("eos_id").GetInt32(), vocabulary.End);
        if (model.GetProperty("bos_id").ValueKind == JsonValueKind.Number)
            context.Equal("bos_id", model.GetProperty("bos_id").GetInt32(), vocabulary.Begin);
        context.EqualSequence("eog_ids", LlmPack.Ints(model.GetProperty("eog_ids")), Enumerable.Range(0, vocabulary.Size).Where(vocabulary.IsEndOfGeneration));
    }

    private static void Text(CaseContext context, JsonElement test, LlamaVocabulary vocabulary)
    {
        var text = LlmPack.Text(test, "text");
        var plain = vocabulary.Tokenize(text, addSpecial: false, parseSpecial: false);
        var special = vocabulary.Tokenize(text, addSpecial: true, parseSpecial: true);
        context.EqualSequence("plain", LlmPack.Ints(test.GetProperty("plain")), plain);
        context.EqualSequence("special", LlmPack.Ints(test.GetProperty("special")), special);
        context.Equal("detokenized_plain", LlmPack.Hex(test.GetProperty("detokenized_plain")),
            Convert.ToHexStringLower(vocabulary.Detokenize(plain, unparseSpecial: true)));
        context.Equal("detokenized_special", LlmPack.Hex(test.GetProperty("detokenized_special")),
            Convert.ToHexStringLower(vocabulary.Detokenize(special)));
        if (test.TryGetProperty("plain_transformers", out var normalized))
            context.EqualSequence("plain_transformers", LlmPack.Ints(normalized), vocabulary.Tokenize(vocabulary.Normalize(text), addSpecial: false,
                parseSpecial: false));
        if (test.TryGetProperty("special_transformers", out var normalizedSpecial))
            context.EqualSequence("special_transformers", LlmPack.Ints(normalizedSpecial), vocabulary.Tokenize(vocabulary.Normalize(text), addSpecial: true,
                parseSpecial: true));
    }
}

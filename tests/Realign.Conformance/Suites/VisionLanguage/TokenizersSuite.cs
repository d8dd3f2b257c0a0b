using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Tokenizers;

namespace Realign.Conformance.Suites.VisionLanguage;

/// <summary>Every hard string of every tokenizer: ids, decoded texts, and the facts at the head of its file.</summary>
internal sealed class TokenizersSuite : IConformanceSuite
{
    public string Folder => "vision-language/tokenizers";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        foreach (var path in Directory.GetDirectories(folder).Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileName(path);
            var root = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(path, "cases.json"))).RootElement;
            var kind = root.GetProperty("kind").GetString()!;
            var tokenizer = new Lazy<ITextTokenizer>(() => Load(kind, path));
            yield return new ConformanceCase($"{name}/facts", context => Facts(context, root, tokenizer.Value));
            foreach (var (item, index) in root.GetProperty("encode").EnumerateArray().Select((item, index) => (item, index)))
                yield return new ConformanceCase($"{name}/encode.{index}", context => Encode(context, item, tokenizer.Value));
            if (kind == "t5" && File.Exists(Path.Combine(path, "spiece.model")))
            {
                var pieces = new Lazy<T5Tokenizer>(() => T5Tokenizer.LoadPieces(path));
                foreach (var (item, index) in root.GetProperty("encode").EnumerateArray().Select((item, index) => (item, index)))
                    yield return new ConformanceCase($"{name}/pieces.{index}", context => Pieces(context, item, pieces.Value));
            }

            if (root.TryGetProperty("decode_only", out var decodeOnly))
            {
                foreach (var (item, index) in decodeOnly.EnumerateArray().Select((item, index) => (item, index)))
                    yield return new ConformanceCase($"{name}/decode.{index}", context => Decode(context, item, tokenizer.Value));
            }
        }
    }

    private static ITextTokenizer Load(string kind, string folder) => kind switch
    {
        "clip" => ClipTokenizer.Load(folder),
        "opt" => Gpt2Tokenizer.Load(folder),
        "bert" => BertTokenizer.Load(folder),
        "t5" => T5Tokenizer.Load(folder),
        "llama3" => Llama3Tokenizer.Load(folder),
        _ => throw new NotSupportedException($"tokenizer kind '{kind}'"),
    };

    private static void Encode(CaseContext context, JsonElement item, ITextTokenizer tokenizer)
    {
        var text = item.GetProperty("text").GetString()!;
        context.EqualSequence("ids", Ids(item, "ids")!, tokenizer.Encode(text));
        Decode(context, item, tokenizer);
        if (Ids(item, "ids_padded_77") is { } padded)
            context.EqualSequence("ids_padded_77", padded, ((ClipTokenizer)tokenizer).EncodePadded(text, padded.Length).Ids);
    }

    // where no other ids are given for the plain piece file, it gives those of tokenizer.json
    private static void Pieces(CaseContext context, JsonElement item, T5Tokenizer tokenizer) =>
        context.EqualSequence("ids_sentencepiece", Ids(item, "ids_sentencepiece") ?? Ids(item, "ids")!,
            tokenizer.Encode(item.GetProperty("text").GetString()!));

    private static void Decode(CaseContext context, JsonElement item, ITextTokenizer tokenizer)
    {
        var ids = Ids(item, "ids")!;
        context.Equal("decode", item.GetProperty("decode").GetString(), tokenizer.Decode(ids, skipSpecialTokens: false));
        context.Equal("decode_skip_special", item.GetProperty("decode_skip_special").GetString(), tokenizer.Decode(ids, skipSpecialTokens: true));
    }

    private static void Facts(CaseContext context, JsonElement root, ITextTokenizer tokenizer)
    {
        var facts = tokenizer switch
        {
            ClipTokenizer clip => new Dictionary<string, int>
            {
                ["bos_id"] = clip.BosId,
                ["eos_id"] = clip.EosId,
                ["pad_id"] = clip.PadId,
                ["vocab_size"] = clip.VocabularySize
            },
            Gpt2Tokenizer gpt2 => new Dictionary<string, int>
            {
                ["bos_id"] = gpt2.BosId,
                ["eos_id"] = gpt2.EosId,
                ["pad_id"] = gpt2.PadId,
                ["image_token_id"] = gpt2.ImageId ?? -1,
                ["newline_id"] = gpt2.Encode("\n")[^1]
            },
            BertTokenizer bert => new Dictionary<string, int>
            {
                ["cls_id"] = bert.ClsId,
                ["sep_id"] = bert.SepId,
                ["unk_id"] = bert.UnkId,
                ["pad_id"] = bert.PadId,
                ["vocab_size"] = bert.VocabularySize
            },
            T5Tokenizer t5 => new Dictionary<string, int>
            {
                ["pad_id"] = t5.PadId,
                ["eos_id"] = t5.EosId,
                ["unk_id"] = t5.UnkId,
                ["extra_id_0"] = t5.Encode("<extra_id_0>")[0],
                ["extra_id_99"] = t5.Encode("<extra_id_99>")[0]
            },
            Llama3Tokenizer llama => new Dictionary<string, int> { ["bos_id"] = llama.BosId, ["eos_id"] = llama.EosId, ["vocab_size"] = llama.VocabularySize },
            _ => throw new NotSupportedException(tokenizer.GetType().Name),
        };
        foreach (var (name, value) in facts)
            context.Equal(name, root.GetProperty(name).GetInt32(), value);
        if (!root.TryGetProperty("specials", out var specials))
            return;
        foreach (var special in specials.EnumerateObject())
            context.Equal(special.Name, special.Name, tokenizer.Decode([special.Value.GetInt32()], skipSpecialTokens: false));
    }

    private static int[]? Ids(JsonElement item, string name) =>
        item.TryGetProperty(name, out var ids) && ids.ValueKind == JsonValueKind.Array ? [.. ids.EnumerateArray().Select(id => id.GetInt32())] : null;
}

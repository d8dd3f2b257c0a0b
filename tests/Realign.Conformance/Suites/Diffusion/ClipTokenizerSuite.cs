using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Tokenizers;

namespace Realign.Conformance.Suites.Diffusion;

/// <summary>Prompts of the Stable Diffusion tokenizers.</summary>
internal sealed class ClipTokenizerSuite : IConformanceSuite
{
    public string Folder => "diffusion";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        foreach (var path in Directory.GetFiles(folder, "tokenizer*_cases.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var root = JsonDocument.Parse(File.ReadAllBytes(path)).RootElement;
            var snapshot = root.GetProperty("tokenizer").GetString()!;
            foreach (var name in SameTokenizers(folder, snapshot))
            {
                var tokenizer = new Lazy<ClipTokenizer>(() => ClipTokenizer.Load(Path.Combine(folder, name)));
                yield return new ConformanceCase($"{name}/facts", context => Facts(context, root, tokenizer.Value));
                foreach (var (item, index) in root.GetProperty("cases").EnumerateArray().Select((item, index) => (item, index)))
                    yield return new ConformanceCase($"{name}/{index}", context => Run(context, item, tokenizer.Value));
            }
        }
    }

    // the ids hold for every tokenizer of the part that has the same files, such as that of 2.x and the second one of XL
    private static IEnumerable<string> SameTokenizers(string folder, string named)
    {
        var wanted = Content(Path.Combine(folder, named));
        return Directory.GetFiles(folder, "vocab.json", SearchOption.AllDirectories)
            .Select(file => Path.GetDirectoryName(file)!)
            .Where(other => Content(other) == wanted)
            .Select(other => Path.GetRelativePath(folder, other))
            .Order(StringComparer.Ordinal);
    }

    private static string Content(string folder) =>
        string.Concat(Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(file => Path.GetFileName(file) + File.ReadAllText(file)));

    private static void Facts(CaseContext context, JsonElement root, ClipTokenizer tokenizer)
    {
        context.Equal("pad", root.GetProperty("pad").GetInt32(), tokenizer.PadId);
        context.Equal("bos", root.GetProperty("bos").GetInt32(), tokenizer.BosId);
        context.Equal("eos", root.GetProperty("eos").GetInt32(), tokenizer.EosId);
        context.Equal("vocab_size", root.GetProperty("vocab_size").GetInt32(), tokenizer.VocabularySize);
    }

    private static void Run(CaseContext context, JsonElement item, ClipTokenizer tokenizer)
    {
        var text = item.GetProperty("text").GetString()!;
        context.EqualSequence("ids", Ids(item, "ids"), tokenizer.Encode(text));
        var expected = Ids(item, "padded77");
        var padded = tokenizer.EncodePadded(text, expected.Length);
        context.EqualSequence("padded77", expected, padded.Ids);
        context.Equal("attention_mask_sum", item.GetProperty("attention_mask_sum").GetInt32(), padded.Length);
    }

    private static int[] Ids(JsonElement item, string name) => [.. item.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];
}

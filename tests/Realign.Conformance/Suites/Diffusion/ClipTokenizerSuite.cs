using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Tokenizers;

namespace Realign.Conformance.Suites.Diffusion;

/// <summary>Prompts of the Stable Diffusion tokenizers; the second set holds for the tower of 2.x too.</summary>
internal sealed class ClipTokenizerSuite : IConformanceSuite
{
    public string Folder => "diffusion";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        foreach (var path in Directory.GetFiles(folder, "tokenizer*_cases.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var root = JsonDocument.Parse(File.ReadAllBytes(path)).RootElement;
            var snapshot = root.GetProperty("tokenizer").GetString()!;
            // the file of the second XL tower is also right for 2.x, whose padding is "!" too
            var folders = snapshot.StartsWith("sdxl", StringComparison.Ordinal) && Directory.Exists(Path.Combine(folder, "sd2/snapshot/tokenizer"))
                ? new[] { snapshot, "sd2/snapshot/tokenizer" }
                : [snapshot];
            foreach (var name in folders)
            {
                var tokenizer = new Lazy<ClipTokenizer>(() => ClipTokenizer.Load(Path.Combine(folder, name)));
                yield return new ConformanceCase($"{name}/facts", context => Facts(context, root, tokenizer.Value));
                foreach (var (item, index) in root.GetProperty("cases").EnumerateArray().Select((item, index) => (item, index)))
                    yield return new ConformanceCase($"{name}/{index}", context => Run(context, item, tokenizer.Value));
            }
        }
    }

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

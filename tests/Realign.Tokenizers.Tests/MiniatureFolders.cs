using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Realign.Tokenizers.Tests;

/// <summary>Small tokenizer folders in the published formats, one of each kind.</summary>
internal static class MiniatureFolders
{
    private static readonly JsonSerializerOptions _plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The kinds that <see cref="Write"/> knows.</summary>
    public static IReadOnlyList<string> Kinds { get; } = ["clip", "gpt2", "bert", "t5", "spiece", "llama3"];

    public static ITextTokenizer Load(string kind, string folder) => kind switch
    {
        "clip" => ClipTokenizer.Load(folder),
        "gpt2" => Gpt2Tokenizer.Load(folder),
        "bert" => BertTokenizer.Load(folder),
        "llama3" => Llama3Tokenizer.Load(folder),
        _ => T5Tokenizer.Load(folder),
    };

    /// <summary>Writes the files of a kind into a folder.</summary>
    public static void Write(string kind, string folder)
    {
        foreach (var (name, content) in Files(kind))
            File.WriteAllBytes(Path.Combine(folder, name), content);
    }

    public static IEnumerable<(string Name, byte[] Content)> Files(string kind) => kind switch
    {
        "clip" => Clip(),
        "gpt2" => Gpt2(),
        "bert" =>
        [
            ("vocab.txt", Encoding.UTF8.GetBytes("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nred\ncar\n##s\na\n##b\n.\n")),
            ("tokenizer_config.json", """{ "do_lower_case": true, "model_max_length": 64 }"""u8.ToArray()),
        ],
        "t5" => [("tokenizer.json", T5())],
        "spiece" => [("spiece.model", SentencePieces()), ("tokenizer_config.json", """{ "extra_ids": 2, "eos_token": "</s>" }"""u8.ToArray())],
        "llama3" => [("tokenizer.json", Llama3())],
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such kind"),
    };

    private static IEnumerable<(string, byte[])> Clip()
    {
        var symbols = ByteSymbols().ToList();
        List<string> tokens = [.. symbols, .. symbols.Select(symbol => symbol + "</w>"), "re", "red</w>", "<|startoftext|>", "<|endoftext|>"];
        yield return ("vocab.json", Json(Numbered(tokens)));
        yield return ("merges.txt", "#version: 0.2\nr e\nre d</w>\n"u8.ToArray());
        yield return ("tokenizer_config.json", """
            { "bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>", "model_max_length": 77 }
            """u8.ToArray());
    }

    private static IEnumerable<(string, byte[])> Gpt2()
    {
        List<string> tokens = ["<s>", "<pad>", "</s>", "<unk>", .. ByteSymbols(), "\u0120r", "\u0120re"];
        yield return ("vocab.json", Json(Numbered(tokens)));
        yield return ("merges.txt", "#version: 0.2\n\u0120 r\n\u0120r e\n"u8.ToArray());
        yield return ("added_tokens.json", Json(new Dictionary<string, int> { ["<image>"] = tokens.Count }));
        yield return ("special_tokens_map.json", """{ "bos_token": "</s>", "eos_token": "</s>", "pad_token": { "content": "<pad>" } }"""u8.ToArray());
        yield return ("tokenizer_config.json", """{ "add_bos_token": true, "eos_token": "</s>" }"""u8.ToArray());
    }

    private static byte[] T5()
    {
        object[][] pieces = [["<pad>", 0], ["</s>", 0], ["<unk>", 0], ["\u2581", -2], ["\u2581red", -1], ["c", -3], ["a", -3], ["r", -3]];
        object[] added = [.. pieces.Take(3).Select((piece, id) => new { id, content = piece[0], special = true })];
        return Json(new { added_tokens = added, model = new { type = "Unigram", unk_id = 2, vocab = pieces } });
    }

    private static byte[] Llama3()
    {
        List<string> tokens = [.. ByteSymbols(), "re", "red"];
        object[] added = [new { id = tokens.Count, content = "<|begin_of_text|>", special = true }, new { id = tokens.Count + 1, content = "<|eot_id|>",
            special = true }];
        return Json(new
        {
            added_tokens = added,
            model = new
            {
                type = "BPE",
                ignore_merges = true,
                vocab = Numbered(tokens),
                merges = new[] { "r e", "re d" }
            }
        });
    }

    private static byte[] SentencePieces()
    {
        var message = new List<byte>();
        foreach (var (text, score, kind) in new[] { ("<pad>", 0f, 3), ("</s>", 0f, 3), ("<unk>", 0f, 2), ("\u2581", -2f, 1), ("\u2581red", -1f, 1),
            ("c", -3f, 1), ("a", -3f, 1) })
        {
            var name = Encoding.UTF8.GetBytes(text);
            message.AddRange([0x0A, (byte)(name.Length + 9), 0x0A, (byte)name.Length, .. name, 0x15, .. BitConverter.GetBytes(score), 0x18, (byte)kind]);
        }

        message.AddRange([0x12, 2, 0x18, 1]);
        return [.. message];
    }

    private static byte[] Json(object value) => JsonSerializer.SerializeToUtf8Bytes(value, _plain);

    private static Dictionary<string, int> Numbered(List<string> tokens) => tokens.Index().ToDictionary(entry => entry.Item, entry => entry.Index);

    // the published rule: printable Latin-1 stands for itself, the other bytes follow from U+0100 on
    private static IEnumerable<string> ByteSymbols()
    {
        var next = 0x100;
        for (var value = 0; value < 256; value++)
            yield return ((char)(value is >= 0x21 and <= 0x7E or >= 0xA1 and <= 0xAC or >= 0xAE ? value : next++)).ToString();
    }
}

using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Realign.Tokenizers.BytePairs;

namespace Realign.Tokenizers;

/// <summary>
/// The files of a published <c>tokenizer</c> folder of Stable Diffusion, made of the merges of openai/CLIP (MIT), which are embedded: checkpoints in one
/// file bring none.
/// </summary>
public static class PublishedClipFiles
{
    private const string Begin = "<|startoftext|>";
    private const string End = "<|endoftext|>";
    private const int Context = 77;

    /// <summary>vocab.json, merges.txt, tokenizer_config.json and special_tokens_map.json by name.</summary>
    /// <param name="padsWithExclamationMark">As SD 2.x and the second text encoder of XL: id 0 fills the context; else the end token.</param>
    public static IReadOnlyDictionary<string, byte[]> Create(bool padsWithExclamationMark)
    {
        var merges = Merges();
        var pad = padsWithExclamationMark ? "!" : End;
        return new Dictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["vocab.json"] = JsonSerializer.SerializeToUtf8Bytes(Vocabulary(merges)),
            ["merges.txt"] = Encoding.UTF8.GetBytes("#version: 0.2\n" + string.Join('\n', merges) + "\n"),
            ["tokenizer_config.json"] = JsonSerializer.SerializeToUtf8Bytes(new
            {
                add_prefix_space = false,
                bos_token = Special(Begin),
                eos_token = Special(End),
                do_lower_case = true,
                errors = "replace",
                model_max_length = Context,
                pad_token = pad,
                tokenizer_class = "CLIPTokenizer",
                unk_token = Special(End),
            }),
            ["special_tokens_map.json"] = JsonSerializer.SerializeToUtf8Bytes(new
            {
                bos_token = Special(Begin),
                eos_token = Special(End),
                pad_token = pad,
                unk_token = Special(End),
            }),
        };
    }

    // bytes (the printable ones first), bytes at the end of a word, what the merges give, begin and end
    private static Dictionary<string, int> Vocabulary(List<string> merges)
    {
        var bytes = ByteAlphabet.Characters.ToArray().Order().Select(character => character.ToString()).ToList();
        var tokens = bytes.Concat(bytes.Select(token => token + "</w>")).Concat(merges.Select(merge => merge.Replace(" ", "", StringComparison.Ordinal)))
            .Append(Begin).Append(End).ToList();
        return tokens.Index().ToDictionary(token => token.Item, token => token.Index, StringComparer.Ordinal);
    }

    private static List<string> Merges()
    {
        using var resource = typeof(PublishedClipFiles).Assembly.GetManifestResourceStream("clip-merges.txt.gz")!;
        using var text = new StreamReader(new GZipStream(resource, CompressionMode.Decompress), Encoding.UTF8);
        return [.. text.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    private static object Special(string content) => new { content, lstrip = false, normalized = true, rstrip = false, single_word = false };
}

using System.Text;
using Realign.Core.Text;

namespace Realign.Core.Prompts;

/// <summary>
/// Words of a prompt that stand for embeddings. Found as whole words, whatever their case, the longest first; <c>embedding:NAME</c> (ComfyUI's spelling)
/// stands for the embedding too.
/// </summary>
public sealed class TriggerWords
{
    private const string Prefix = "embedding:";

    // longest first
    private readonly IReadOnlyList<(string Spelling, int Index)> _spellings;
    private readonly IReadOnlyList<string> _tokens;

    /// <summary>Words for a list of embeddings.</summary>
    /// <param name="words">How prompts spell each, and the name of its file.</param>
    public TriggerWords(IEnumerable<(string Token, string Name)> words)
    {
        var all = words.Index().ToList();
        _tokens = [.. all.Select(word => word.Item.Token)];
        _spellings =
        [
            .. all.Where(word => word.Item.Token.Length > 0)
                .SelectMany(word => Spellings(word.Item).Select(spelling => (Spelling: spelling, word.Index)))
                .OrderByDescending(word => word.Spelling.Length),
        ];
    }

    /// <summary>What a prompt calls an embedding that is given no token: the name of its file without folders.</summary>
    public static string TokenOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name[(name.LastIndexOf('/') + 1)..];
    }

    /// <summary>A token as words for readers that know no embeddings: <c>&lt;cat-toy&gt;</c> is "cat toy".</summary>
    public static string PlainWords(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        var letters = string.Concat(token.Select(letter => char.IsPunctuation(letter) || char.IsSymbol(letter) ? ' ' : letter));
        return string.Join(' ', letters.Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>The pieces of a text in order: text with index -1, and embeddings with theirs.</summary>
    public IEnumerable<(string Text, int Index)> Split(string text)
    {
        var composed = CanonicalForm.Compose(text);
        var start = 0;
        for (var at = 0; at < composed.Length;)
        {
            if (At(composed, at) is not var (spelling, index))
            {
                at++;
                continue;
            }

            if (at > start)
                yield return (composed[start..at], -1);
            yield return (composed.Substring(at, spelling.Length), index);
            at += spelling.Length;
            start = at;
        }

        if (start < composed.Length)
            yield return (composed[start..], -1);
    }

    /// <summary>A text in which each embedding is said in plain words.</summary>
    public string Plain(string text)
    {
        var plain = new StringBuilder();
        foreach (var (piece, index) in Split(text))
            plain.Append(index < 0 ? piece : PlainWords(_tokens[index]));
        return plain.ToString();
    }

    private (string Spelling, int Index)? At(string text, int at)
    {
        foreach (var (spelling, index) in _spellings)
        {
            var end = at + spelling.Length;
            if (string.Compare(text, at, spelling, 0, spelling.Length, StringComparison.OrdinalIgnoreCase) == 0
                && !(at > 0 && IsWord(text[at - 1]) && IsWord(text[at])) && !(end < text.Length && IsWord(text[end]) && IsWord(text[end - 1])))
                return (spelling, index);
        }

        return null;
    }

    private static string[] Spellings((string Token, string Name) word) => [word.Token, Prefix + word.Token, Prefix + word.Name];

    private static bool IsWord(char letter) => char.IsLetterOrDigit(letter) || letter is '_' or '-';
}

using System.Buffers;
using Realign.Tokenizers.Files;

namespace Realign.Tokenizers.Text;

/// <summary>Cuts added tokens out of a text: leftmost first, the longest at one place.</summary>
internal sealed class AddedTokenSplitter
{
    private readonly SearchValues<string> _search;
    private readonly AddedToken[] _longestFirst;

    public AddedTokenSplitter(IEnumerable<AddedToken> tokens)
    {
        _longestFirst = [.. tokens.OrderByDescending(token => token.Content.Length)];
        _search = SearchValues.Create([.. _longestFirst.Select(token => token.Content)], StringComparison.Ordinal);
    }

    /// <summary>Calls back for the texts between the tokens (never empty) and for the tokens, in order.</summary>
    public void Split(string text, Action<string> onText, Action<int> onToken)
    {
        var done = 0;
        var from = 0;
        while (_longestFirst.Length > 0 && from < text.Length && text.AsSpan(from).IndexOfAny(_search) is >= 0 and var offset)
        {
            var start = from + offset;
            var token = Array.Find(_longestFirst, candidate => text.AsSpan(start).StartsWith(candidate.Content, StringComparison.Ordinal))!;
            var end = start + token.Content.Length;
            while (token.StripLeft && start > done && char.IsWhiteSpace(text[start - 1]))
                start--;
            while (token.StripRight && end < text.Length && char.IsWhiteSpace(text[end]))
                end++;
            if (start > done)
                onText(text[done..start]);
            onToken(token.Id);
            done = from = end;
        }

        if (done < text.Length)
            onText(done == 0 ? text : text[done..]);
    }
}

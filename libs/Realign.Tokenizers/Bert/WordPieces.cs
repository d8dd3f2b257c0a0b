using System.Text;
using Microsoft.ML.Tokenizers;
using Realign.Tokenizers.Files;

namespace Realign.Tokenizers.Bert;

/// <summary>Greedy longest-match word pieces of one word (Microsoft.ML.Tokenizers).</summary>
internal sealed class WordPieces
{
    // counted in code points, as the reference does; the library counts UTF-16 units
    private const int MaxCharactersPerWord = 100;

    private readonly WordPieceTokenizer _pieces;
    private readonly int _unknownId;

    public WordPieces(TokenizerFolder folder, IReadOnlyDictionary<string, int> vocabulary, string unknownToken)
    {
        var lines = new string[vocabulary.Count];
        foreach (var (token, id) in vocabulary)
        {
            if (id >= lines.Length || token.AsSpan().IndexOfAny('\n', '\r') >= 0)
                throw folder.Bad("vocab.txt", $"token '{token}' or its id {id} does not fit a list with one token a line");
            lines[id] = token;
        }

        if (!vocabulary.TryGetValue(unknownToken, out _unknownId))
            throw folder.Bad("vocab.txt", $"lacks the unknown token '{unknownToken}'");
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', lines)));
        try
        {
            _pieces = WordPieceTokenizer.Create(stream, new WordPieceOptions
            {
                UnknownToken = unknownToken,
                ContinuingSubwordPrefix = "##",
                MaxInputCharsPerWord = 2 * MaxCharactersPerWord,
            });
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or FormatException)
        {
            throw folder.Bad("vocab.txt", $"cannot be used ({exception.Message})", exception);
        }
    }

    public void Encode(ReadOnlySpan<char> word, List<int> ids)
    {
        if (CodePoints(word) > MaxCharactersPerWord)
            ids.Add(_unknownId);
        else
            ids.AddRange(_pieces.EncodeToIds(word, considerPreTokenization: false, considerNormalization: false));
    }

    private static int CodePoints(ReadOnlySpan<char> word)
    {
        var count = 0;
        foreach (var _ in word.EnumerateRunes())
            count++;
        return count;
    }
}

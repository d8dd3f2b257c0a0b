using System.Collections.Concurrent;
using Microsoft.ML.Tokenizers;
using Realign.Core.Errors;
using Realign.Tokenizers.Files;

namespace Realign.Tokenizers.BytePairs;

/// <summary>Byte-level byte pair encoding of one piece of text: bytes to characters, then merges by rank (Microsoft.ML.Tokenizers).</summary>
internal sealed class BytePairEncoder
{
    private const int MaxCachedPieces = 1 << 16;
    private const int MaxCachedLength = 64;

    private readonly BpeTokenizer _merger;
    private readonly Dictionary<string, int>? _wholePieces;
    private readonly ConcurrentDictionary<string, int[]> _cache = new(StringComparer.Ordinal);

    /// <param name="folder">For messages.</param>
    /// <param name="vocabulary">Token to id.</param>
    /// <param name="merges">Rules in rank order.</param>
    /// <param name="endOfWord">Suffix of the last symbol of a piece; null = none.</param>
    /// <param name="ignoreMerges">A piece that is in the vocabulary is taken whole, even if no merges lead to it.</param>
    public BytePairEncoder(TokenizerFolder folder, Dictionary<string, int> vocabulary, IReadOnlyList<string> merges, string? endOfWord, bool ignoreMerges)
    {
        Check(folder, vocabulary, merges, endOfWord);
        _wholePieces = ignoreMerges ? vocabulary : null;
        try
        {
            _merger = BpeTokenizer.Create(new BpeOptions(vocabulary) { Merges = merges, EndOfWordSuffix = endOfWord });
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw folder.Bad("merges.txt", $"cannot be used with this vocabulary ({exception.Message})", exception);
        }
    }

    public void Encode(ReadOnlySpan<char> piece, List<int> ids)
    {
        var lookup = _cache.GetAlternateLookup<ReadOnlySpan<char>>();
        if (lookup.TryGetValue(piece, out var known))
        {
            ids.AddRange(known);
            return;
        }

        var mapped = ByteAlphabet.Map(piece);
        var encoded = _wholePieces is not null && _wholePieces.TryGetValue(mapped, out var whole)
            ? [whole]
            : _merger.EncodeToIds(mapped, considerPreTokenization: false, considerNormalization: false).ToArray();
        if (piece.Length <= MaxCachedLength && _cache.Count < MaxCachedPieces)
            lookup[piece] = encoded;
        ids.AddRange(encoded);
    }

    // The merging library drops what it does not know; a vocabulary that lacks a byte or the result of a merge is refused instead.
    private static void Check(TokenizerFolder folder, Dictionary<string, int> vocabulary, IReadOnlyList<string> merges, string? endOfWord)
    {
        var problems = new List<string>();
        foreach (var character in ByteAlphabet.Characters)
        {
            if (!vocabulary.ContainsKey(character.ToString()) || (endOfWord is not null && !vocabulary.ContainsKey(character + endOfWord)))
                problems.Add($"the vocabulary lacks the byte symbol '{character}'");
        }

        foreach (var merge in merges)
        {
            var space = merge.IndexOf(' ', StringComparison.Ordinal);
            if (space <= 0 || space == merge.Length - 1 || merge.IndexOf(' ', space + 1) >= 0)
                problems.Add($"merge '{merge}' is not two symbols");
            else if (!vocabulary.ContainsKey(merge[..space]) || !vocabulary.ContainsKey(merge[(space + 1)..])
                || !vocabulary.ContainsKey(string.Concat(merge.AsSpan(0, space), merge.AsSpan(space + 1))))
                problems.Add($"merge '{merge}' has a part or a result that is not in the vocabulary");
            if (problems.Count >= 20)
                break;
        }

        if (problems.Count > 0)
            throw new ModelLoadException(folder.Path, problems, "use the vocabulary and the merges of the same model");
    }
}

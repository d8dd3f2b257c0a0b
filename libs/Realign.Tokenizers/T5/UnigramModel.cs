using System.Text;

namespace Realign.Tokenizers.T5;

/// <summary>The most probable segmentation of a text into scored pieces (Kudo 2018; SentencePiece unigram model, Viterbi search).</summary>
internal sealed class UnigramModel
{
    // sentencepiece, unigram_model.cc: an unknown character scores ten below the least probable piece
    private const float UnknownPenalty = 10;

    private readonly Dictionary<string, (int Id, float Score)> _pieces = new(StringComparer.Ordinal);
    private readonly int _unknownId;
    private readonly float _unknownScore;
    private readonly int _longest;

    /// <param name="pieces">Piece and score by id.</param>
    /// <param name="matchable">Whether a piece takes part in the search.</param>
    /// <param name="unknownId">Id of everything that no piece covers.</param>
    public UnigramModel(IReadOnlyList<(string Text, float Score)> pieces, Func<int, bool> matchable, int unknownId)
    {
        var least = float.MaxValue;
        for (var id = 0; id < pieces.Count; id++)
        {
            if (!matchable(id) || pieces[id].Text.Length == 0)
                continue;
            _pieces.TryAdd(pieces[id].Text, (id, pieces[id].Score));
            least = Math.Min(least, pieces[id].Score);
            _longest = Math.Max(_longest, pieces[id].Text.Length);
        }

        _unknownId = unknownId;
        _unknownScore = least - UnknownPenalty;
    }

    /// <summary>Appends the ids; neighboring unknown characters are one unknown token.</summary>
    public void Encode(string text, List<int> ids)
    {
        if (text.Length == 0)
            return;
        var best = new double[text.Length + 1];
        var start = new int[text.Length + 1];
        var piece = new int[text.Length + 1];
        Array.Fill(best, double.NegativeInfinity);
        best[0] = 0;
        var lookup = _pieces.GetAlternateLookup<ReadOnlySpan<char>>();
        for (int at = 0, length; at < text.Length; at += length)
        {
            Rune.DecodeFromUtf16(text.AsSpan(at), out _, out length);
            var single = false;
            for (var end = at + 1; end <= text.Length && end - at <= _longest; end++)
            {
                if (!lookup.TryGetValue(text.AsSpan(at, end - at), out var known))
                    continue;
                single |= end == at + length;
                Offer(at, end, known.Id, known.Score);
            }

            if (!single)
                Offer(at, at + length, _unknownId, _unknownScore);
        }

        Collect(text.Length, start, piece, ids);

        void Offer(int from, int to, int id, double score)
        {
            if (best[from] + score <= best[to])
                return;
            best[to] = best[from] + score;
            start[to] = from;
            piece[to] = id;
        }
    }

    private void Collect(int end, int[] start, int[] piece, List<int> ids)
    {
        var path = new List<int>();
        for (var at = end; at > 0; at = start[at])
        {
            if (piece[at] != _unknownId || path.Count == 0 || path[^1] != _unknownId)
                path.Add(piece[at]);
        }

        path.Reverse();
        ids.AddRange(path);
    }
}

namespace Realign.SceneScoring.Language;

/// <summary>
/// Cuts a prompt into runs of words: articles and numbers open one, prepositions, conjunctions, verbs of a short list and punctuation
/// close it.
/// </summary>
internal sealed class RunFinder
{
    private readonly IReadOnlyList<Token> _tokens;
    private readonly List<Run> _runs = [];
    private int _start = -1;
    private string _opener = "";
    private Link _link;
    private bool _isExcluded;
    private bool _wasExcluded;

    private RunFinder(IReadOnlyList<Token> tokens) => _tokens = tokens;

    /// <summary>The runs in order.</summary>
    public static List<Run> Find(IReadOnlyList<Token> tokens)
    {
        var finder = new RunFinder(tokens);
        finder.Find();
        return finder._runs;
    }

    private void Find()
    {
        for (var i = 0; i < _tokens.Count; i++)
        {
            var word = Word(i);
            if (CopulaAt(i) is { } copula)
            {
                Close(i);
                i = Predicate(copula + 1, copula > i ? RunKind.RelativePredicate : RunKind.Predicate) - 1;
                continue;
            }

            if (_start < 0 && _opener.Length > 0 && Words.MayFollowArticle(word) && _tokens[i].Mark == Mark.None)
                continue;
            var opens = Words.IsDeterminer(word) || Words.Number(word) > 0;
            var isShowing = _isExcluded && _start < 0 && Words.IsShowing(word);
            if (opens || isShowing || Words.IsBoundary(word) || IsVerb(i))
            {
                Close(i);
                _isExcluded = Words.IsNegation(word) || (_isExcluded && (opens || isShowing)) || (_wasExcluded && Lists(i));
                Follow(word, opens);
                if (Words.Number(word) > 0)
                    _start = i;
            }
            else if (_start < 0)
            {
                _start = i;
            }

            if (_tokens[i].Mark != Mark.None)
            {
                Close(i + 1);
                _link = _tokens[i].Mark switch
                {
                    Mark.Comma => Link.Comma,
                    Mark.Bracket => _link == Link.Other ? Link.Bracket : _link,
                    _ => Link.Other,
                };
            }
        }

        Close(_tokens.Count);
    }

    /// <summary>Whether a word goes on with what is excluded: <c>no cats or dogs</c>, <c>no cats and dogs</c>, but not <c>no cat and a dog</c>.</summary>
    private bool Lists(int index) => Word(index) is "or" or "nor" || (Word(index) == "and" && index + 1 < _tokens.Count && !Ends(index + 1));

    private void Follow(string word, bool opens)
    {
        // "the two cats" are known ones
        if (!opens || _opener.Length == 0 || Words.IsIndefinite(_opener) || Words.Number(word) == 0)
            _opener = opens ? word : "";
        if (!opens)
            _link = word switch { "and" or "or" or "but" or "nor" => Link.And, "in" => Link.In, _ => Link.Other };
    }

    private void Close(int end)
    {
        // a number alone names nothing
        if (_start >= 0 && end > _start && Words.Number(Word(end - 1)) == 0)
        {
            _runs.Add(new Run(_start, end, RunKind.Words, _opener, _runs.Count == 0 ? Link.Other : _link, _isExcluded));
            _wasExcluded = _isExcluded;
            _isExcluded = false;
            _opener = "";
            _link = Link.Other;
        }

        _start = -1;
    }

    /// <summary>The copula of "is ...", "that is ..." at a place.</summary>
    private int? CopulaAt(int index)
    {
        if (Words.IsCopula(Word(index)))
            return index;
        return Word(index) is "that" or "which" or "who" && index + 1 < _tokens.Count && Words.IsCopula(Word(index + 1)) ? index + 1 : null;
    }

    /// <summary>A participle after a noun goes on with the sentence; after an article it describes.</summary>
    private bool IsVerb(int index)
    {
        var word = Word(index);
        if (!Attributes.IsParticiple(word))
            return false;
        var continues = index + 1 < _tokens.Count
            && (Words.IsDeterminer(Word(index + 1)) || Words.IsBoundary(Word(index + 1)) || Words.Number(Word(index + 1)) > 0);
        if (_start >= 0)
            return continues || index + 1 == _tokens.Count;
        var afterDeterminer = index > 0 && Words.IsDeterminer(Word(index - 1));
        var inAList = word.EndsWith("ed", StringComparison.Ordinal) && _link is Link.Comma or Link.Bracket;
        return !afterDeterminer && !inAList && index > 0 && (continues || Word(index - 1) == "while");
    }

    /// <summary>Reads what is said after "is", with further adjectives in a row: <c>is red, white and blue</c>.</summary>
    /// <returns>Index of the first word that is not part of it.</returns>
    private int Predicate(int index, RunKind kind)
    {
        var start = index;
        if (index < _tokens.Count && Word(index) is "a" or "an" && AttributesFrom(index + 1) > index + 1)
            start = ++index;
        while (index < _tokens.Count && (Word(index) == "very" || !Ends(index)))
        {
            index++;
            if (_tokens[index - 1].Mark != Mark.None)
                break;
        }

        if (index == start || Word(start).EndsWith("ing", StringComparison.Ordinal))
            return index;
        for (var next = index; next < _tokens.Count && _tokens[next - 1].Mark != Mark.Stop; next = index)
        {
            if (Word(next) == "and")
                next++;
            var end = AttributesFrom(next);
            if (end == next || (next == index && _tokens[next - 1].Mark != Mark.Comma))
                break;
            index = end;
        }

        _runs.Add(new Run(start, index, kind, "", Link.Other, _isExcluded));
        _link = index > 0 && _tokens[index - 1].Mark == Mark.Comma ? Link.Comma : Link.Other;
        return index;
    }

    /// <summary>End of a row of adjectives that no noun follows, or the start when there is none.</summary>
    private int AttributesFrom(int start)
    {
        var end = start;
        while (end < _tokens.Count && (Attributes.IsAttribute(Word(end)) || Word(end) == "very"))
        {
            end++;
            if (_tokens[end - 1].Mark != Mark.None)
                return end;
        }

        return end == _tokens.Count || Ends(end) ? end : start;
    }

    private bool Ends(int index) => Words.IsBoundary(Word(index)) || Words.IsDeterminer(Word(index)) || Words.Number(Word(index)) > 0;

    private string Word(int index) => _tokens[index].Text;
}

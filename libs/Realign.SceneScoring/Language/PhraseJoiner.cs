namespace Realign.SceneScoring.Language;

/// <summary>
/// Makes noun phrases of runs. A run of adjectives alone belongs to the noun after it (<c>a black and white cat</c>), to the phrase
/// before it (<c>a car, red, shiny</c>), or borrows a later noun (<c>a red and a blue car</c>); it is never dropped.
/// </summary>
internal sealed class PhraseJoiner
{
    private const int MaxPredicates = 4;

    private readonly IReadOnlyList<Token> _tokens;
    private readonly IReadOnlyList<Run> _runs;
    private readonly List<NounPhrase> _phrases = [];

    private PhraseJoiner(IReadOnlyList<Token> tokens, IReadOnlyList<Run> runs)
    {
        _tokens = tokens;
        _runs = runs;
    }

    /// <summary>The noun phrases in order.</summary>
    public static List<NounPhrase> Join(IReadOnlyList<Token> tokens, IReadOnlyList<Run> runs)
    {
        var joiner = new PhraseJoiner(tokens, runs);
        joiner.Join();
        return joiner._phrases;
    }

    private void Join()
    {
        var pending = new List<string>();
        for (var i = 0; i < _runs.Count; i++)
        {
            var run = _runs[i];
            var known = _phrases.Count;
            if (run.Kind != RunKind.Words)
                Say(run);
            else if (!EndsInAttribute(run))
                Add(run, run.End, []);
            else if (NounAfter(i) is { } noun)
                Add(run with { End = _runs[i = noun].End }, _runs[noun].End, []);
            else if (!HasOnlyAttributes(run) && !FollowsLoosely(run))
                AddWithoutTail(run);
            else if (run.IsOpened && BorrowedHead(i) is { } head)
                _phrases.Add(new NounPhrase(run.Start, run.End, head, run.Opener, run.IsExcluded, []));
            else if (IsAlsoNoun(run) || run.IsOpened || (_phrases.Count == 0 && i == _runs.Count - 1))
                Add(run, run.End, []);
            else if (_phrases.Count == 0)
                pending.AddRange(Described(run.Start, run.End));
            else if (!run.IsExcluded)
                Describe(_phrases.Count - 1, Described(run.Start, run.End));
            if (pending.Count > 0 && _phrases.Count > known)
            {
                Describe(known, pending);
                pending.Clear();
            }
        }
    }

    private void Add(Run run, int end, IReadOnlyList<string> predicates) =>
        _phrases.Add(new NounPhrase(run.Start, end, end - 1, run.Opener, run.IsExcluded, predicates));

    /// <summary><c>a car painted red</c>: the adjectives behind the noun are said of it.</summary>
    private void AddWithoutTail(Run run)
    {
        var end = run.End;
        while (end > run.Start + 1 && (Attributes.IsAttribute(Word(end - 1)) || Attributes.IsCarrier(Word(end - 1))))
            end--;
        Add(run, end, Described(end, run.End));
    }

    /// <summary>Index of the run with the noun that a run of adjectives belongs to.</summary>
    private int? NounAfter(int index)
    {
        var run = _runs[index];
        var last = index + 1;
        while (last < _runs.Count && Continues(_runs[last]) && EndsInAttribute(_runs[last]) && HasOnlyAttributes(_runs[last]))
            last++;
        if (last >= _runs.Count || !Continues(_runs[last]))
            return null;
        var noun = _runs[last];
        if (EndsInAttribute(noun) && !IsAlsoNoun(noun))
            return null;
        // "a car, red, shiny apple": the first comma says that red is the car's
        var first = _runs[index + 1].Link;
        if (first == Link.Comma && !run.IsOpened && run.Link is Link.Comma or Link.Bracket && _phrases.Count > 0)
            return null;
        var length = noun.End - noun.Start;
        var startsWithAttribute = length > 1 && Attributes.IsAttribute(Word(noun.Start));
        // "a vintage red and white van" goes on; "a car painted red, highly detailed" does not
        if (!HasOnlyAttributes(run) && (!startsWithAttribute || Enumerable.Range(run.Start, run.End - run.Start).Any(i => Attributes.IsCarrier(Word(i)))))
            return null;
        if (IsAlsoNoun(run))
            return startsWithAttribute && (first != Link.Comma || run.IsOpened) ? last : null;
        return startsWithAttribute || noun.Link == Link.Bracket || (length > 1 && (run.IsOpened || run.Link == Link.Other))
            || (run.IsOpened && noun.Link == Link.Comma) || (run.IsOpened && last > index + 1)
            ? last
            : null;
    }

    /// <summary>The head noun that "a red" stands for in "a red and a blue car".</summary>
    private int? BorrowedHead(int index)
    {
        if (IsAlsoNoun(_runs[index]) || index + 1 >= _runs.Count)
            return null;
        var next = _runs[index + 1];
        if (next is not { Kind: RunKind.Words, IsOpened: true, Link: Link.And or Link.Comma })
            return null;
        var first = Words.Number(Word(next.Start)) > 0 ? next.Start + 1 : next.Start;
        if (first < next.End && Attributes.IsAttribute(Word(first)) && EndsInAttribute(next) && HasOnlyAttributes(next))
            return BorrowedHead(index + 1);
        return first < next.End - 1 && Attributes.IsAttribute(Word(first)) ? next.End - 1 : null;
    }

    /// <summary>Gives what "is ..." says to the nearest phrase after "that is", else to the clause's first.</summary>
    private void Say(Run run)
    {
        if (_phrases.Count == 0 || run.IsExcluded)
            return;
        var owner = _phrases.Count - 1;
        while (run.Kind == RunKind.Predicate && owner > 0 && !StartsClause(_phrases[owner]))
            owner--;
        var said = Described(run.Start, run.End);
        Describe(owner, said.Count > MaxPredicates ? [.. said.Where(Attributes.IsAttribute)] : said);
    }

    private void Describe(int phrase, IReadOnlyList<string> said) =>
        _phrases[phrase] = _phrases[phrase] with { Predicates = [.. _phrases[phrase].Predicates.Concat(said).Distinct()] };

    private List<string> Described(int start, int end) =>
        [.. Enumerable.Range(start, end - start).Select(Word).Where(word => !Attributes.IsCarrier(word) && word is not ("and" or "or"))];

    private bool StartsClause(NounPhrase phrase)
    {
        var before = phrase.Start - 1;
        if (before >= 0 && Words.IsDeterminer(Word(before)))
            before--;
        return before < 0 || _tokens[before].Mark != Mark.None || Word(before) is "and" or "but" or "while";
    }

    private static bool Continues(Run run) => run is { Kind: RunKind.Words, IsOpened: false, Link: Link.And or Link.Comma or Link.Bracket };

    /// <summary>Behind a comma or "in", without an article, words that end in a color say something of what stands before them.</summary>
    private bool FollowsLoosely(Run run) =>
        !run.IsOpened && run.Link is Link.Comma or Link.In && _phrases.Count > 0 && run.End - run.Start <= MaxPredicates;

    private bool EndsInAttribute(Run run) => Attributes.IsOnlyAttribute(Word(run.End - 1)) || (IsAlsoNoun(run) && HasOnlyAttributes(run));

    private bool IsAlsoNoun(Run run) => Attributes.IsAttribute(Word(run.End - 1)) && !Attributes.IsOnlyAttribute(Word(run.End - 1));

    private bool HasOnlyAttributes(Run run) => Enumerable.Range(run.Start, run.End - run.Start).Select(Word)
        .All(word => Attributes.IsAttribute(word) || Words.Number(word) > 0 || Attributes.IsCarrier(word));

    private string Word(int index) => _tokens[index].Text;
}

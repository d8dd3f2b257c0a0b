namespace Realign.SceneScoring.Language;

/// <summary>What a run of words is.</summary>
internal enum RunKind
{
    /// <summary>Words that name or describe something.</summary>
    Words,

    /// <summary>Said of the clause's first phrase: <c>the car is red</c>.</summary>
    Predicate,

    /// <summary>Said of the phrase before it: <c>a car that is red</c>.</summary>
    RelativePredicate,
}

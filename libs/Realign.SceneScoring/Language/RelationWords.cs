namespace Realign.SceneScoring.Language;

/// <summary>The words that tell how one object lies to another.</summary>
internal static class RelationWords
{
    private static readonly (string[] Words, RelationKind Kind)[] All =
    [
        .. new[] { "to the {0} side of", "on the {0} side of", "to the {0} of", "on the {0} of", "at the {0} of", "{0} of" }
            .SelectMany(form => new[] { (Side: "left", Kind: RelationKind.LeftOf), (Side: "right", Kind: RelationKind.RightOf) }
                .Select(side => (form.Replace("{0}", side.Side, StringComparison.Ordinal).Split(' '), side.Kind))),
        (["on", "the", "top", "of"], RelationKind.Above), (["on", "top", "of"], RelationKind.Above), (["above"], RelationKind.Above),
        (["over"], RelationKind.Above), (["atop"], RelationKind.Above),
        (["below"], RelationKind.Below), (["under"], RelationKind.Below), (["beneath"], RelationKind.Below), (["underneath"], RelationKind.Below),
        (["next", "to"], RelationKind.NextTo), (["beside"], RelationKind.NextTo), (["near"], RelationKind.NextTo),
    ];

    /// <summary>The relation that a row of words ends with, the longest form of it.</summary>
    public static (RelationKind Kind, int Length)? AtEnd(IReadOnlyList<string> words)
    {
        foreach (var (form, kind) in All)
        {
            if (words.Count >= form.Length && words.Skip(words.Count - form.Length).SequenceEqual(form))
                return (kind, form.Length);
        }

        return null;
    }

    /// <summary>Whether a word may stand between an object and its relation: <c>a bird that is flying directly above</c>.</summary>
    public static bool MayPrecede(string word) => Words.IsCopula(word) || Words.IsVerb(word) || Attributes.IsParticiple(word) || Attributes.IsAttribute(word)
        || Attributes.IsCarrier(word) || word is "that" or "which" or "who" or "just" or "directly" or "immediately" or "slightly" or "right";
}

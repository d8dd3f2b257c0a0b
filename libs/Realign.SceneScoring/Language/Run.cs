namespace Realign.SceneScoring.Language;

/// <summary>A run of words between two boundaries: a noun phrase, adjectives of one, or what is said of one after "is".</summary>
/// <param name="Start">Index of its first word, article left out, count included.</param>
/// <param name="End">Index after its last word.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Opener">The article, pronoun or number that opens it; empty when none does.</param>
/// <param name="Link">How it follows what stands before it.</param>
/// <param name="IsExcluded">The prompt says without it.</param>
internal sealed record Run(int Start, int End, RunKind Kind, string Opener, Link Link, bool IsExcluded)
{
    /// <summary>Whether an article, pronoun or number opens it.</summary>
    public bool IsOpened => Opener.Length > 0;
}

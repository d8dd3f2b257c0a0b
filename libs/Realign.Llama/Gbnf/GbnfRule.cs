namespace Realign.Llama.Gbnf;

/// <summary>What stands behind <c>::=</c> or between parentheses: alternatives, each a sequence.</summary>
internal sealed class GbnfRule
{
    public List<List<GbnfItem>> Alternatives { get; } = [];

    /// <summary>Whether the empty text is of its language; found by <see cref="GbnfCheck"/>.</summary>
    public bool MayBeEmpty { get; set; }
}

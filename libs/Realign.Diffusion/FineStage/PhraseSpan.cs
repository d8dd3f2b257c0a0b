namespace Realign.Diffusion.FineStage;

/// <summary>Consecutive tokens of a prompt.</summary>
/// <param name="First">Column of the first one; the begin token is column 0.</param>
/// <param name="Length">At least 1.</param>
/// <param name="Places">Their columns where the prompt fills several contexts; null = one behind the other.</param>
public sealed record PhraseSpan(int First, int Length, IReadOnlyList<int>? Places = null)
{
    /// <summary>The columns.</summary>
    public IEnumerable<int> Columns => Places ?? Enumerable.Range(First, Length);
}

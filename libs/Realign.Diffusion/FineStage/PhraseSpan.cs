namespace Realign.Diffusion.FineStage;

/// <summary>Consecutive tokens of a prompt.</summary>
/// <param name="First">Column of the first one; the begin token is column 0.</param>
/// <param name="Length">At least 1.</param>
public sealed record PhraseSpan(int First, int Length)
{
    /// <summary>The columns.</summary>
    public IEnumerable<int> Columns => Enumerable.Range(First, Length);
}

namespace Realign.Diffusion.Pipelines;

/// <summary>A prompt as a text tower reads it: whole contexts one behind the other, each with begin, end and padding of its own.</summary>
/// <param name="Ids">Chunks times the context length.</param>
/// <param name="Weights">One per id; 1 for what is no text.</param>
/// <param name="Columns">Places of the text's tokens in <paramref name="Ids"/>, which are columns of the text states, in order.</param>
/// <param name="TruncatedRest">What of the text did not fit, as text; empty when all of it did.</param>
public sealed record PromptTokens(int[] Ids, double[] Weights, IReadOnlyList<int> Columns, string TruncatedRest)
{
    /// <summary>Columns up to the last end token: what follows is padding.</summary>
    public int Length => Columns.Count == 0 ? 2 : Columns[^1] + 2;

    /// <summary>Ids of the text, in order.</summary>
    public IEnumerable<int> TextIds => Columns.Select(column => Ids[column]);

    /// <summary>Whether anything is weighted.</summary>
    public bool IsWeighted => Array.Exists(Weights, weight => !weight.Equals(1.0));
}

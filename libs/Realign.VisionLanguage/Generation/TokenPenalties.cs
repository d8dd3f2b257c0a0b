using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Generation;

/// <summary>Changes scores before a token is chosen.</summary>
internal sealed class TokenPenalties(ITokenDecoder decoder, GenerationOptions options)
{
    private readonly IReadOnlyList<int> _before = options.PenalizedIds ?? decoder.ContextIds;

    /// <summary>(rows, V) scores with the new ids of each row so far -> (rows, V)</summary>
    public Tensor Apply(Tensor scores, IReadOnlyList<List<int>> rows)
    {
        using var scope = NewDisposeScope();
        var result = scores.clone();
        for (var row = 0; row < rows.Count; row++)
        {
            // a score above 0 is divided, one below 0 multiplied, once per distinct id (Keskar et al. 2019)
            var seen = _before.Concat(rows[row]).Select(id => (long)id).Distinct().ToArray();
            if (options.RepetitionPenalty != 1 && seen.Length > 0)
            {
                var index = tensor(seen, device: scores.device);
                var values = result[row].index_select(0, index);
                values = where(values.lt(Scalars.Of(0)), values.mul(Scalars.Of(options.RepetitionPenalty)), values.div(Scalars.Of(options.RepetitionPenalty)));
                _ = result[row].index_copy_(0, index, values);
            }

            if (rows[row].Count < options.MinNewTokens)
                result[row, decoder.EndTokenId] = tensor(float.NegativeInfinity);
        }

        return result.MoveToOuterDisposeScope();
    }
}

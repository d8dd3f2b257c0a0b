using Google.Rpc;
using Realign.Core.Errors;
using Realign.Hosting.Errors;
using Realign.Rewards;
using Realign.V1;
using Realign.Wire.Requests;
using Realign.Wire.Tensors;

namespace Realign.Gateway.Rewards;

/// <summary>Puts the rewards of a pair together. A pair of which a reward or a gradient is not finite gets an error that names it.</summary>
/// <param name="specs">What was asked for, in order.</param>
/// <param name="gradient">Element type of the gradient; null when not asked for.</param>
internal sealed class PairRewards(IReadOnlyList<RewardSpec> specs, DataType? gradient)
{
    /// <summary>The answer for one pair.</summary>
    /// <param name="outcomes">What became of each reward, in the order of the specs.</param>
    public ItemReward Combine(IReadOnlyList<Outcome<ScoredPair>> outcomes)
    {
        foreach (var outcome in outcomes)
        {
            if (outcome.Value is null)
                return new ItemReward { Error = outcome.Error };
        }

        try
        {
            var terms = specs.Zip(outcomes, (spec, outcome) => new Term(spec, outcome.Value!)).ToList();
            var item = new ItemReward { Reward = RewardSum.Of([.. terms.Select(term => (term.Name, term.Weight, term.Pair.Value.Value))]) };
            item.Values.AddRange(terms.Select(term => term.Pair.Value.Clone()));
            if (gradient is { } dataType)
                item.Gradient = Sum([.. terms.Where(term => term.Pair.Gradient is not null)], dataType);
            return item;
        }
        catch (FailedPreconditionException notFinite)
        {
            return new ItemReward { Error = new ItemError { Code = (int)Code.FailedPrecondition, Message = ExceptionMapping.ToStatus(notFinite).Message } };
        }
    }

    private static Tensor Sum(List<Term> terms, DataType dataType)
    {
        var sum = RewardSum.OfGradients([.. terms.Select(term => (term.Name, term.Weight, term.Pair.Gradient!.Values))]);
        var first = terms[0].Pair.Gradient!.Message;
        // what arrived in the wanted form is handed on untouched
        return terms is [{ Weight: 1 }] && first.DataType == dataType ? first : TensorWriter.Of(dataType, sum, [.. first.Shape]);
    }

    private sealed record Term(RewardSpec Spec, ScoredPair Pair)
    {
        public string Name => ProtoNames.Short(Spec.Kind);

        public float Weight => Spec.HasWeight ? Spec.Weight : 1;
    }
}

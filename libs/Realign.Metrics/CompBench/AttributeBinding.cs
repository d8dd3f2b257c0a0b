using Realign.Core.Errors;

namespace Realign.Metrics.CompBench;

/// <summary>Attribute binding of T2I-CompBench (Huang et al. 2023): the product of p("yes") over the noun phrases of the prompt.</summary>
public static class AttributeBinding
{
    /// <summary>Noun phrases that count; the rest of a longer prompt is ignored, as in the published code.</summary>
    public const int MaxPhrases = 8;

    /// <summary>Score of one image, 0..1.</summary>
    /// <param name="probabilitiesOfYes">Answer to "(noun phrase)?" per phrase, in the order of the prompt.</param>
    /// <exception cref="InvalidInputException">There is no phrase, or a number is no probability.</exception>
    public static double Score(IReadOnlyList<double> probabilitiesOfYes)
    {
        if (probabilitiesOfYes.Count == 0)
            throw new InvalidInputException("probabilities", "empty", "a prompt without noun phrases has no score", "leave the prompt out");
        if (probabilitiesOfYes.FirstOrDefault(value => !(value >= 0 && value <= 1), -1) is var wrong and not -1)
            throw new InvalidInputException("probabilities", wrong.ToString(), "is no probability", "pass values between 0 and 1");
        return probabilitiesOfYes.Take(MaxPhrases).Aggregate(1.0, (product, value) => product * value);
    }
}

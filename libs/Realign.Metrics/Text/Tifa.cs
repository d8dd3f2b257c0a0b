using Realign.Core.Errors;

namespace Realign.Metrics.Text;

/// <summary>Question answering as a measure of faithfulness (Hu et al. 2023, TIFA).</summary>
public static class Tifa
{
    /// <summary>Which choice a free answer means: the choice itself if it is one, else the most similar one (the first of equals).</summary>
    /// <param name="question">The question.</param>
    /// <param name="freeAnswer">What the visual question answering model said.</param>
    /// <param name="choiceSimilarity">Similarity of the answer to each choice (sentence embeddings); only used when no choice equals the answer.</param>
    /// <exception cref="InvalidInputException">There are no choices, or similarities are missing or not numbers.</exception>
    public static string Choose(TifaQuestion question, string freeAnswer, IReadOnlyList<double> choiceSimilarity)
    {
        if (question.Choices.Count == 0)
            throw new InvalidInputException("question.choices", "empty", "a question needs choices", "give at least two");
        if (question.Choices.Contains(freeAnswer, StringComparer.Ordinal))
            return freeAnswer;
        if (choiceSimilarity.Count != question.Choices.Count || choiceSimilarity.Any(double.IsNaN))
        {
            throw new InvalidInputException("choice_similarity", $"{choiceSimilarity.Count} for {question.Choices.Count} choices",
                "each choice needs one number", "compare the free answer with every choice");
        }

        var best = 0;
        for (var i = 1; i < choiceSimilarity.Count; i++)
        {
            if (choiceSimilarity[i] > choiceSimilarity[best])
                best = i;
        }

        return question.Choices[best];
    }

    /// <summary>Share of correct answers of one image, 0..1.</summary>
    /// <exception cref="InvalidInputException">There are no answers.</exception>
    public static double OfImage(IReadOnlyCollection<TifaAnswer> answers) => answers.Count > 0
        ? answers.Average(answer => answer.IsCorrect ? 1.0 : 0.0)
        : throw new InvalidInputException("answers", "empty", "a prompt without questions has no score", "leave the prompt out");

    /// <summary>The score of a set: the mean over its prompts, not over its questions.</summary>
    public static double OfSet(IEnumerable<IReadOnlyCollection<TifaAnswer>> prompts) => prompts.Average(OfImage);

    /// <summary>Share of correct answers over all questions of a set, per element (object, color, counting ...).</summary>
    public static IReadOnlyDictionary<string, double> ByElement(IEnumerable<IReadOnlyCollection<TifaAnswer>> prompts) =>
        prompts.SelectMany(answers => answers)
            .GroupBy(answer => answer.Question.Element, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Average(answer => answer.IsCorrect ? 1.0 : 0.0), StringComparer.Ordinal);
}

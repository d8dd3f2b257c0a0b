namespace Realign.Metrics.Text;

/// <summary>A question and the choice that was made.</summary>
/// <param name="Question">The question.</param>
/// <param name="Choice">One of its choices.</param>
public sealed record TifaAnswer(TifaQuestion Question, string Choice)
{
    /// <summary>Whether the choice is the gold one.</summary>
    public bool IsCorrect => string.Equals(Choice, Question.Gold, StringComparison.Ordinal);
}

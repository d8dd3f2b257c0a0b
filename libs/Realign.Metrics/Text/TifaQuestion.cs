namespace Realign.Metrics.Text;

/// <summary>A multiple-choice question about an image.</summary>
/// <param name="Choices">What may be answered.</param>
/// <param name="Gold">The answer that the prompt implies.</param>
/// <param name="Element">What is asked about, e.g. object, color, counting.</param>
public sealed record TifaQuestion(IReadOnlyList<string> Choices, string Gold, string Element);

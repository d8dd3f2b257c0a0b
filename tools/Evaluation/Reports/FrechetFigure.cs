namespace Realign.Evaluation.Reports;

/// <summary>Fréchet distance between the pictures of an arm and rendered scenes of the same prompts, on CLIP image features.</summary>
/// <param name="Value">The distance.</param>
/// <param name="Pictures">Pictures of the arm.</param>
/// <param name="Scenes">Rendered scenes.</param>
/// <param name="Dimension">Width of the features: with fewer pictures than that the covariance is not of full rank.</param>
internal sealed record FrechetFigure(double Value, int Pictures, int Scenes, int Dimension);

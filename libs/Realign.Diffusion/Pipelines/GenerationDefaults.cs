namespace Realign.Diffusion.Pipelines;

/// <summary>Settings of a request that names none. They belong to the model.</summary>
/// <param name="NumInferenceSteps">1..1000.</param>
/// <param name="GuidanceScale">0..50.</param>
public sealed record GenerationDefaults(int NumInferenceSteps, double GuidanceScale);

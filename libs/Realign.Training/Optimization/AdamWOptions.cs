namespace Realign.Training.Optimization;

/// <summary>Hyperparameters of <see cref="AdamW"/>.</summary>
public sealed record AdamWOptions
{
    /// <summary>Decay of the first moment; 0 for CoMat's discriminator.</summary>
    /// <value>Default 0.9.</value>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the second moment.</summary>
    /// <value>Default 0.999.</value>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root of the bias-corrected second moment.</summary>
    /// <value>Default 1e-8.</value>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Decoupled decay per unit of learning rate.</summary>
    /// <value>Default 0.01.</value>
    public double WeightDecay { get; init; } = 0.01;
}

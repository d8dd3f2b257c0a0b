using System.ComponentModel.DataAnnotations;

namespace Realign.Gateway;

/// <summary>
/// Shares of the caller's deadline. A stage must be done when its own share and those of the stages before it have passed,
/// so time that one stage leaves unused is the next one's. What is missing to 1 is kept for the answer. Further attempts may take all that is
/// left but for that.
/// </summary>
public sealed class StageShares : IValidatableObject
{
    /// <summary>First image.</summary>
    /// <value>0.29.</value>
    [Range(0.01, 0.99)]
    public double Coarse { get; set; } = 0.29;

    /// <summary>Tags and caption, which run side by side.</summary>
    /// <value>0.09.</value>
    [Range(0.01, 0.99)]
    public double Read { get; set; } = 0.09;

    /// <summary>Scene scores.</summary>
    /// <value>0.11.</value>
    [Range(0.01, 0.99)]
    public double Scene { get; set; } = 0.11;

    /// <summary>Masks.</summary>
    /// <value>0.09.</value>
    [Range(0.01, 0.99)]
    public double Segment { get; set; } = 0.09;

    /// <summary>Second image.</summary>
    /// <value>0.29.</value>
    [Range(0.01, 0.99)]
    public double Refine { get; set; } = 0.29;

    /// <summary>Reading one of the two images; counted twice. A reader that hangs costs no more than this.</summary>
    /// <value>0.05.</value>
    [Range(0.01, 0.49)]
    public double Verify { get; set; } = 0.05;

    /// <summary>All of them, VERIFY twice.</summary>
    internal double Sum => Coarse + Read + Scene + Segment + Refine + (2 * Verify);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Sum > 1 + 1e-9)
            yield return new ValidationResult(FormattableString.Invariant($"the shares add up to {Sum:0.###}; make them at most 1"), [nameof(Coarse)]);
    }
}

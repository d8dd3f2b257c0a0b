using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Realign.Wire.Mesh;

namespace Realign.Gateway;

/// <summary>Settings of the Gateway.</summary>
public sealed class GatewayOptions
{
    /// <summary>Section in the configuration.</summary>
    public const string SectionName = "Gateway";

    /// <summary>Where the Generator listens.</summary>
    /// <value>http://127.0.0.1:5101.</value>
    [Required, BackendAddress]
    public string Generator { get; set; } = MeshService.Generator.DefaultAddress;

    /// <summary>Where the Captioner listens.</summary>
    /// <value>http://127.0.0.1:5102.</value>
    [Required, BackendAddress]
    public string Captioner { get; set; } = MeshService.Captioner.DefaultAddress;

    /// <summary>Where the Tagger listens.</summary>
    /// <value>http://127.0.0.1:5103.</value>
    [Required, BackendAddress]
    public string Tagger { get; set; } = MeshService.Tagger.DefaultAddress;

    /// <summary>Where the SceneScorer listens.</summary>
    /// <value>http://127.0.0.1:5104.</value>
    [Required, BackendAddress]
    public string SceneScorer { get; set; } = MeshService.SceneScorer.DefaultAddress;

    /// <summary>Where the Segmenter listens.</summary>
    /// <value>http://127.0.0.1:5105.</value>
    [Required, BackendAddress]
    public string Segmenter { get; set; } = MeshService.Segmenter.DefaultAddress;

    /// <summary>Whether the backends are reached through the proxy of the environment (http_proxy and so on).</summary>
    /// <value>false: the mesh is spoken to directly.</value>
    public bool UseProxy { get; set; }

    /// <summary>Seconds a call gets whose caller set no deadline.</summary>
    /// <value>600.</value>
    [Range(1, 86_400)]
    public int DefaultDeadlineSeconds { get; set; } = 600;

    /// <summary>Parts of the caller's deadline.</summary>
    [Required, ValidateObjectMembers]
    public StageShares Shares { get; set; } = new();

    /// <summary>How often a call is repeated when the backend was UNAVAILABLE before it sent anything.</summary>
    /// <value>2.</value>
    [Range(0, 5)]
    public int Retries { get; set; } = 2;

    /// <summary>Milliseconds before the first repetition; doubled for each further one.</summary>
    /// <value>100.</value>
    [Range(1, 10_000)]
    public int RetryDelayMilliseconds { get; set; } = 100;

    /// <summary>Seconds a backend gets to answer a health check.</summary>
    /// <value>2.</value>
    [Range(0.1, 60)]
    public double HealthTimeoutSeconds { get; set; } = 2;

    /// <summary>Pairs sent to the Captioner in one call.</summary>
    /// <value>16.</value>
    [Range(1, 64)]
    public int RewardBatchSize { get; set; } = 16;

    /// <summary>Calls of one Score request that run at the same time.</summary>
    /// <value>4.</value>
    [Range(1, 64)]
    public int RewardConcurrency { get; set; } = 4;
}

/// <summary>
/// Shares of the caller's deadline. A stage must be done when its own share and those of the stages before it have passed,
/// so time that one stage leaves unused is the next one's. What is missing to 1 is kept for the answer.
/// </summary>
public sealed class StageShares : IValidatableObject
{
    /// <summary>First image.</summary>
    /// <value>0.33.</value>
    [Range(0.01, 0.99)]
    public double Coarse { get; set; } = 0.33;

    /// <summary>Tags and caption, which run side by side.</summary>
    /// <value>0.1.</value>
    [Range(0.01, 0.99)]
    public double Read { get; set; } = 0.1;

    /// <summary>Scene scores.</summary>
    /// <value>0.12.</value>
    [Range(0.01, 0.99)]
    public double Scene { get; set; } = 0.12;

    /// <summary>Masks.</summary>
    /// <value>0.1.</value>
    [Range(0.01, 0.99)]
    public double Segment { get; set; } = 0.1;

    /// <summary>Second image.</summary>
    /// <value>0.33.</value>
    [Range(0.01, 0.99)]
    public double Refine { get; set; } = 0.33;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var sum = Coarse + Read + Scene + Segment + Refine;
        if (sum > 1 + 1e-9)
            yield return new ValidationResult(FormattableString.Invariant($"the shares add up to {sum:0.###}; make them at most 1"), [nameof(Coarse)]);
    }
}

/// <summary>An address gRPC can be spoken to at: http or https, host and port, nothing else.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class BackendAddressAttribute : ValidationAttribute
{
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        value is string text && Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && uri.Scheme is "http" or "https" && uri.AbsolutePath == "/" && uri.Query.Length == 0
            ? ValidationResult.Success
            : new ValidationResult(
                $"{validationContext.DisplayName} = '{value}' is not an address; write it like http://127.0.0.1:5101", [validationContext.MemberName ?? ""]);
}

[OptionsValidator]
internal sealed partial class GatewayOptionsValidator : IValidateOptions<GatewayOptions>;

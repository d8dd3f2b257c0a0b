using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Realign.Wire.Mesh;

namespace Realign.Gateway;

/// <summary>Settings of the Gateway.</summary>
public sealed class GatewayOptions
{
    /// <summary>Section in the configuration.</summary>
    public const string SectionName = "Gateway";

    /// <summary>Where the Generator listens; several addresses with commas between them when there are several: attempts then run side by side.</summary>
    /// <value>http://127.0.0.1:5101.</value>
    [Required, BackendAddress(Several = true)]
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

[OptionsValidator]
internal sealed partial class GatewayOptionsValidator : IValidateOptions<GatewayOptions>;

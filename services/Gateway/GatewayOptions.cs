using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Realign.Core.Certificates;
using Realign.Wire.Mesh;

namespace Realign.Gateway;

/// <summary>
/// Settings of the Gateway. An address of a service is <c>http://host:port</c>, several with commas between them,
/// <c>static:///host:port,host:port</c>, or <c>dns:///name:port</c> for all addresses of a name; with TLS <c>https://host:port</c> or
/// <c>dns+https:///name:port</c>.
/// </summary>
public sealed class GatewayOptions
{
    /// <summary>Section in the configuration.</summary>
    public const string SectionName = "Gateway";

    /// <summary>Where the Generator listens; of several, attempts run side by side.</summary>
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

    /// <summary>File with the key that the Gateway shows its backends, where they take calls with one only; read again when it changes.</summary>
    /// <value>Empty: none is shown.</value>
    public string BackendKeyFile { get; set; } = "";

    /// <summary>File of the authorities, in PEM, whose backends are believed at <c>https</c> addresses; read again when it changes.</summary>
    /// <value>Empty: those of the machine.</value>
    public string BackendCAFile { get; set; } = "";

    /// <summary>File of the certificate, in PEM, that backends with <c>Hosting:ClientCAFile</c> ask for; read again when it changes.</summary>
    /// <value>Empty: none is shown.</value>
    public string BackendCertificateFile { get; set; } = "";

    /// <summary>File of its private key, in PEM, without a password.</summary>
    public string BackendCertificateKeyFile { get; set; } = "";

    /// <summary>Whether the backends are reached through the proxy of the environment (http_proxy and so on).</summary>
    /// <value>false: the mesh is spoken to directly.</value>
    public bool UseProxy { get; set; }

    /// <summary>Seconds a call gets whose caller set no deadline.</summary>
    /// <value>600.</value>
    [Range(1, 86_400)]
    public int DefaultDeadlineSeconds { get; set; } = 600;

    /// <summary>When a call has to end: as its caller said, else after <see cref="DefaultDeadlineSeconds"/>.</summary>
    /// <param name="callerDeadline">UTC; <see cref="DateTime.MaxValue"/> where there is none.</param>
    /// <param name="now">UTC.</param>
    internal DateTime DeadlineOf(DateTime callerDeadline, DateTime now) =>
        callerDeadline == DateTime.MaxValue ? now.AddSeconds(DefaultDeadlineSeconds) : callerDeadline;

    /// <summary>Files of <see cref="BackendCAFile"/> and the other two.</summary>
    internal ClientTlsFiles TlsFiles() => new(BackendCAFile, BackendCertificateFile, BackendCertificateKeyFile);

    /// <summary>Parts of the caller's deadline.</summary>
    [Required, ValidateObjectMembers]
    public StageShares Shares { get; set; } = new();

    /// <summary>How often a call goes through all replicas of a backend again when each of them was UNAVAILABLE or had no room for it.</summary>
    /// <value>2.</value>
    [Range(0, 5)]
    public int Retries { get; set; } = 2;

    /// <summary>Milliseconds before the first such round; doubled for each further one. Where a replica said when it has room, that counts.</summary>
    /// <value>100.</value>
    [Range(1, 10_000)]
    public int RetryDelayMilliseconds { get; set; } = 100;

    /// <summary>
    /// Of a hundred calls of a backend with several replicas at most so many are made at a second one too, when they take longer than 95 of 100 do.
    /// Generations never are.
    /// </summary>
    /// <value>10; 0 = none.</value>
    [Range(0.0, 100)]
    public double HedgeBudgetPercent { get; set; } = 10;

    /// <summary>Seconds that a call waits for a backend that went away to come back, within its stage's deadline.</summary>
    /// <value>30; 0 = no longer than the retries take.</value>
    [Range(0.0, 3600)]
    public double RestartSeconds { get; set; } = 30;

    /// <summary>Seconds without any answer after which a backend gets no calls until it answers, and those in flight fail or go elsewhere.</summary>
    /// <value>5.</value>
    [Range(0.1, 3600)]
    public double SilentSeconds { get; set; } = 5;

    /// <summary>Seconds after which names of backends are looked up again.</summary>
    /// <value>15.</value>
    [Range(1.0, 3600)]
    public double RefreshSeconds { get; set; } = 15;

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

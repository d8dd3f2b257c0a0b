using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Realign.Core;
using Realign.Hosting.Models;
using Realign.Hosting.Settings;

namespace Realign.Hosting;

/// <summary>Settings every service has.</summary>
public sealed class HostingOptions
{
    /// <summary>Section in the configuration.</summary>
    public const string SectionName = "Hosting";

    /// <summary>IP address to listen at when no <c>urls</c> are given; 0.0.0.0 for all of the machine's.</summary>
    /// <value>127.0.0.1: only this machine reaches the service.</value>
    [Required, IPAddress]
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>Largest message taken or sent, in MiB.</summary>
    /// <value>64; of services that no picture travels to, 1.</value>
    [Range(1, 1024)]
    public int MaxMessageMegabytes { get; set; } = Limits.MessageMegabytes;

    /// <summary>Most bytes of requests that the process holds, in MiB: half-sent ones, and those of calls that wait or are worked on, all together.</summary>
    /// <value>512.</value>
    [Range(1, 1 << 20)]
    public int MaxHeldMegabytes { get; set; } = 512;

    /// <summary>Seconds for a message to arrive; a large one gets a second more for each 64 KiB.</summary>
    /// <value>30.</value>
    [Range(1, 3600)]
    public int MessageSeconds { get; set; } = 30;

    /// <summary>Most connections at a time.</summary>
    /// <value>256.</value>
    [Range(1, 100_000)]
    public int MaxConnections { get; set; } = 256;

    /// <summary>Most calls at a time on each of them.</summary>
    /// <value>100.</value>
    [Range(1, 10_000)]
    public int MaxCallsPerConnection { get; set; } = 100;

    /// <summary>Seconds after which a connection without calls is closed.</summary>
    /// <value>130.</value>
    [Range(1, 86_400)]
    public int IdleConnectionSeconds { get; set; } = 130;

    /// <summary>Seconds, 10 % more or less, after which a client is told to make another connection; calls in flight end on the old one.</summary>
    /// <value>1800; 0 = never.</value>
    [Range(0, 604_800)]
    public int MaxConnectionAgeSeconds { get; set; } = 1800;

    /// <summary>Seconds that calls in flight then get before the connection is cut.</summary>
    /// <value>3600.</value>
    [Range(1, 604_800)]
    public int ConnectionGraceSeconds { get; set; } = 3600;

    /// <summary>File of the certificate that the service shows, in PEM, with those that lead to its authority; read again when it changes.</summary>
    /// <value>Empty: connections are made without TLS.</value>
    public string CertificateFile { get; set; } = "";

    /// <summary>File of its private key, in PEM, without a password.</summary>
    public string CertificateKeyFile { get; set; } = "";

    /// <summary>File of the authorities, in PEM, of whose clients connections are taken; read again when it changes.</summary>
    /// <value>Empty: clients need no certificate.</value>
    public string ClientCAFile { get; set; } = "";

    /// <summary>Formats of pictures that are read besides PNG, JPEG and WebP: gif, avif, heic, with commas; for services that pictures travel to.</summary>
    /// <value>Empty: none, as each is one more decoder that strangers reach. HEIC needs a libvips with an HEVC decoder, which the shipped one has not.</value>
    [RegularExpression("(gif|avif|heic)(,(gif|avif|heic))*")]
    public string PictureFormats { get; set; } = "";

    /// <summary>File of the keys that calls must carry, without which nothing but health checks is answered; read again when it changes.</summary>
    /// <value>Empty: calls need no key.</value>
    public string KeyFile { get; set; } = "";

    /// <summary>A call that computes for this many times as long as such calls take makes health NOT_SERVING until it ends,</summary>
    /// <value>20.</value>
    [Range(2, 10_000)]
    public int StallFactor { get; set; } = 20;

    /// <summary>but not before this many seconds.</summary>
    /// <value>300.</value>
    [Range(1, 86_400)]
    public int StallSeconds { get; set; } = 300;

    /// <summary>A call that still computes this many seconds after its caller left makes health NOT_SERVING until it ends.</summary>
    /// <value>30.</value>
    [Range(1, 86_400)]
    public int UnansweredSeconds { get; set; } = 30;

    /// <summary>Seconds that calls in progress get to finish after SIGTERM; five more, and the process ends without them.</summary>
    /// <value>30.</value>
    [Range(1, 600)]
    public int DrainSeconds { get; set; } = 30;

    /// <summary>Most MiB of the log that <c>realign up</c> gave the service; then it begins anew, and five older ones are kept beside it.</summary>
    /// <value>16.</value>
    [Range(1, 1024)]
    public int MaxLogMegabytes { get; set; } = 16;

    /// <summary>Port of <c>/metrics</c>, <c>/healthz</c> and <c>/readyz</c>, HTTP/1.1, at <see cref="Address"/>; 0 = any that is free.</summary>
    /// <value>Null: none.</value>
    [Range(0, 65_535)]
    public int? MetricsPort { get; set; }

    /// <summary>When a model counts as stalled.</summary>
    internal StallRule StallRule() => new(StallFactor, TimeSpan.FromSeconds(StallSeconds), TimeSpan.FromSeconds(UnansweredSeconds));
}

[OptionsValidator]
internal sealed partial class HostingOptionsValidator : IValidateOptions<HostingOptions>;

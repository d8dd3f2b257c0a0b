using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Realign.Hosting;

/// <summary>Settings every service has.</summary>
public sealed class HostingOptions
{
    /// <summary>Section in the configuration.</summary>
    public const string SectionName = "Hosting";

    /// <summary>Largest message taken or sent, in MiB.</summary>
    /// <value>64.</value>
    [Range(1, 1024)]
    public int MaxMessageMegabytes { get; set; } = 64;

    /// <summary>Seconds that calls in progress get to finish after SIGTERM.</summary>
    /// <value>30.</value>
    [Range(1, 600)]
    public int DrainSeconds { get; set; } = 30;
}

[OptionsValidator]
internal sealed partial class HostingOptionsValidator : IValidateOptions<HostingOptions>;

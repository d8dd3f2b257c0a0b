using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Realign.Hosting.Telemetry;

/// <summary>Metrics and traces of a service, by OpenTelemetry. Without a port and without an address of a collector there are none, and no cost.</summary>
internal static class TelemetryExtensions
{
    private const string CollectorAddress = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>
    /// Adds the instruments; exports them at <see cref="HostingOptions.MetricsPort"/>, and them and traces to the collector that the standard environment
    /// variables name.
    /// </summary>
    public static void AddTelemetry(this WebApplicationBuilder builder, HostingOptions hosting)
    {
        builder.Services.AddSingleton<ServiceMetrics>();
        var exports = builder.Configuration[CollectorAddress] is { Length: > 0 };
        if (hosting.MetricsPort is null && !exports)
            return;
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(builder.Environment.ApplicationName))
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(ServiceMetrics.Name, "System.Runtime", "Microsoft.AspNetCore.Server.Kestrel");
                if (hosting.MetricsPort is not null)
                    metrics.AddPrometheusExporter();
                if (exports)
                    metrics.AddOtlpExporter();
            });
        if (hosting.MetricsPort is not null)
            builder.Services.AddHostedService<TelemetryServer>();
        // both ends of every call between services are spans of .NET's own
        if (exports)
            _ = telemetry.WithTracing(traces => traces.AddSource(ServiceMetrics.Name, "Microsoft.AspNetCore", "System.Net.Http").AddOtlpExporter());
    }
}

using Grpc.AspNetCore.HealthChecks;
using Inference;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Realign.Gateway.Realigning;
using Realign.V1;
using Realign.Wire.Mesh;

namespace Realign.Gateway.Backends;

/// <summary>
/// The Gateway serves what its backends can serve: GatewayService needs all but the Captioner, RewardService the Captioner alone. The
/// empty name stands for GatewayService, a backend's name for that backend.
/// </summary>
internal static class BackendHealth
{
    private static readonly string[] Names = [.. MeshService.Backends.Select(service => service.Name)];

    /// <summary>Whether the flow needs the backend of this name. The caption is for the eye: a flow without it is whole.</summary>
    public static bool IsNeeded(string name) => name != MeshService.Captioner.Name && Names.Contains(name);

    public static void AddBackendHealth(this WebApplicationBuilder builder)
    {
        foreach (var name in Names)
        {
            builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
                name, provider => new Check(name, provider.GetRequiredService<BackendSet>(), provider.GetRequiredService<MeshStatus>()),
                HealthStatus.Unhealthy, tags: null));
        }

        builder.Services.Configure<GrpcHealthChecksOptions>(options =>
        {
            foreach (var name in Names)
                options.Services.Map(name, check => check.Name == name);
            foreach (var whole in new[] { "", GatewayService.Descriptor.FullName, GRPCInferenceService.Descriptor.FullName, RealignInference.ModelName })
                options.Services.Map(whole, check => IsNeeded(check.Name));
            options.Services.Map(RewardService.Descriptor.FullName, check => check.Name == MeshService.Captioner.Name);
        });
        // a backend that is down is reported to whoever asks; it is no error of this process
        builder.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
    }

    private sealed class Check(string name, BackendSet backends, MeshStatus mesh) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            // of several replicas one is enough
            var statuses = await mesh.CheckAsync([.. backends.All.Where(backend => backend.Name == name)], cancellationToken);
            var serves = statuses.Any(status => status.State == ServiceState.Serving);
            return serves ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy(statuses[0].Detail);
        }
    }
}

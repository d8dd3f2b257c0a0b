using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Realign.Hosting.Models;

/// <summary>Whether a restart would help: a model that is being loaded or cannot be loaded is no reason for one, a stalled one is.</summary>
internal sealed class LivenessCheck(IEnumerable<IModelState> models) : IHealthCheck
{
    /// <summary>Its name, also for <c>grpc.health.v1</c>.</summary>
    public const string Name = "liveness";

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var stalled = models.Where(model => model.Status == ModelStatus.Stalled).Select(model => model.Problem).ToList();
        return Task.FromResult(stalled.Count == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy(string.Join("; ", stalled)));
    }
}

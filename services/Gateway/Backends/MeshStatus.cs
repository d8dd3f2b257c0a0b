using System.Globalization;
using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.Extensions.Options;
using Realign.Balancing.Calls;
using Realign.Balancing.Replicas;
using Realign.Core.Calls;
using Realign.V1;

namespace Realign.Gateway.Backends;

/// <summary>Asks backends for their health.</summary>
internal sealed class MeshStatus(BackendSet backends, IOptions<GatewayOptions> options, TimeProvider time)
{
    public Task<ServiceStatus[]> CheckAllAsync(CancellationToken cancellationToken) =>
        CheckAsync(backends.All, cancellationToken);

    /// <summary>Asks every replica; a service whose name has no address is one that cannot be reached.</summary>
    public async Task<ServiceStatus[]> CheckAsync(IReadOnlyList<Backend> services, CancellationToken cancellationToken)
    {
        await Task.WhenAll(services.Select(backend => backend.Replicas.FoundAsync(cancellationToken)));
        return await Task.WhenAll(services.SelectMany(backend => backend.Replicas.Replicas is { Count: > 0 } replicas
            ? replicas.Select(replica => CheckAsync(backend, replica, cancellationToken))
            : [Task.FromResult(new ServiceStatus
            {
                Name = backend.Name,
                Address = backend.Address,
                State = ServiceState.Unreachable,
                Detail = "the name has no address",
            })]));
    }

    private async Task<ServiceStatus> CheckAsync(Backend backend, Replica replica, CancellationToken cancellationToken)
    {
        var status = new ServiceStatus { Name = backend.NameOf(replica), Address = replica.Address, Calls = replica.SentCalls };
        var start = time.GetTimestamp();
        try
        {
            var deadline = time.GetUtcNow().UtcDateTime.AddSeconds(options.Value.HealthTimeoutSeconds);
            using var call = replica.Health.CheckAsync(new HealthCheckRequest(), deadline: deadline, cancellationToken: cancellationToken);
            var answer = await call;
            if (int.TryParse(call.GetTrailers().GetValue(CallMetadata.QueueDepth), NumberStyles.None, CultureInfo.InvariantCulture, out var depth))
                status.QueueDepth = depth;
            var serving = answer.Status == HealthCheckResponse.Types.ServingStatus.Serving;
            status.State = serving ? ServiceState.Serving : ServiceState.NotServing;
            status.Detail = serving ? "" : "its models are loading or could not be loaded; its log has the reason";
        }
        catch (RpcException failure)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var problem = PeerProblems.Of(failure);
            var isInsecure = problem == PeerProblem.Insecure;
            var isOther = failure.StatusCode == StatusCode.Unimplemented || problem is PeerProblem.NotGrpc or PeerProblem.TooLarge;
            status.State = isOther || isInsecure ? ServiceState.NotServing : ServiceState.Unreachable;
            status.Detail = failure.StatusCode switch
            {
                _ when isInsecure => "TLS with it failed: its certificate is not believed, or it speaks none",
                _ when isOther => "something else listens at this address",
                StatusCode.DeadlineExceeded => FormattableString.Invariant($"no answer within {options.Value.HealthTimeoutSeconds} s"),
                _ when problem == PeerProblem.Unreachable => "nothing listens at this address",
                _ when problem == PeerProblem.Lost => "what listens at this address broke the connection",
                _ => $"it failed: {failure.Status.Detail}",
            };
        }

        status.LatencyMilliseconds = time.GetElapsedTime(start).TotalMilliseconds;
        return status;
    }
}

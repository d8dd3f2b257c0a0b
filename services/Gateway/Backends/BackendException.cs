using Grpc.Core;

namespace Realign.Gateway.Backends;

/// <summary>A backend's failure with the names of the backend and of what it was asked for in the status details.</summary>
internal sealed class BackendException(RpcException status) : RpcException(status.Status, status.Trailers, status.Status.Detail);

using Grpc.Core;
using Realign.Gateway.Backends;
using Realign.V1;

namespace Realign.Gateway.Realigning;

/// <summary>A stage failed; the status names it.</summary>
internal sealed class StageException(Stage stage, BackendException failure) : RpcException(failure.Status, failure.Trailers, failure.Status.Detail)
{
    public Stage Stage { get; } = stage;
}

using Realign.V1;

namespace Realign.Gateway.Backends;

/// <summary>One Generator and its client.</summary>
/// <param name="Backend">The service.</param>
internal sealed record GeneratorBackend(Backend Backend)
{
    public GeneratorService.GeneratorServiceClient Client { get; } = new(Backend.Channel);
}

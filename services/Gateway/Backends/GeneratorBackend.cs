using Realign.V1;

namespace Realign.Gateway.Backends;

/// <summary>What an attempt draws with: a client that keeps to one replica as long as that one answers.</summary>
/// <param name="Backend">The service.</param>
/// <param name="Client">The client.</param>
internal sealed record GeneratorBackend(Backend Backend, GeneratorService.GeneratorServiceClient Client);

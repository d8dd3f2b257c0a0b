using System.Text;
using Microsoft.Extensions.Options;
using Realign.Core.Files;

namespace Realign.Gateway.Backends;

/// <summary>The key that the Gateway shows its backends, from a file that may be replaced while it runs.</summary>
internal sealed class BackendKey(IOptions<GatewayOptions> options, TimeProvider time)
{
    private const int MaxBytes = 4096;

    // while the file is gone the key that is known is shown: the backends say that another one is needed
    private readonly WatchedFile<string>? _key = options.Value.BackendKeyFile is { Length: > 0 } path
        ? new WatchedFile<string>(path, _ => Encoding.UTF8.GetString(ModelText.Read(path, MaxBytes)).Trim(), time, _ => { })
        : null;

    /// <summary>The key; null = none is configured, or it could not be read yet.</summary>
    public string? Read() => _key?.Value;
}

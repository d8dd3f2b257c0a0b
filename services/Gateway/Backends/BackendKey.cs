using Microsoft.Extensions.Options;

namespace Realign.Gateway.Backends;

/// <summary>The key that the Gateway shows its backends, from a file that may be replaced while it runs.</summary>
internal sealed class BackendKey(IOptions<GatewayOptions> options, TimeProvider time)
{
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(1);

    private readonly string _path = options.Value.BackendKeyFile;
    private readonly Lock _lock = new();
    private string? _key;
    private long _readAt;

    /// <summary>The key; null = none is configured.</summary>
    public string? Read()
    {
        if (_path.Length == 0)
            return null;
        lock (_lock)
        {
            if (_key is not null && time.GetElapsedTime(_readAt) < _pause)
                return _key;
            _readAt = time.GetTimestamp();
            return _key = KeyIn(_path) ?? _key ?? "";
        }
    }

    private static string? KeyIn(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // being replaced, or gone: the backends say that the one they know is needed
            return null;
        }
    }
}

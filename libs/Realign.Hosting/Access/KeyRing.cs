using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Realign.Core.Files;

namespace Realign.Hosting.Access;

/// <summary>The keys that the service takes now. A change of their file counts without a restart.</summary>
internal sealed partial class KeyRing : IDisposable
{
    private readonly ILogger _logger;
    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly WatchedFile<IReadOnlyDictionary<string, AccessKey>> _keys;

    public KeyRing(IOptions<HostingOptions> options, TimeProvider time, ILogger<KeyRing> logger)
    {
        _path = options.Value.KeyFile;
        _time = time;
        _logger = logger;
        _keys = new WatchedFile<IReadOnlyDictionary<string, AccessKey>>(_path, Read, time, problem => Log.NotUsable(_logger, problem.Message));
    }

    /// <summary>What the holder of a key may do; null = there is no such key.</summary>
    // who can make a key of a given hash can make one of any: times of the search tell nothing
    public AccessKey? Find(string key) => _keys.Value?.GetValueOrDefault(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key))));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var key in _keys.Value?.Values ?? [])
            key.Dispose();
    }

    private IReadOnlyDictionary<string, AccessKey> Read(IReadOnlyDictionary<string, AccessKey>? before)
    {
        var found = KeyFile.Read(_path, _time);
        if (before is null)
            return found;
        // what a key has spent is not forgotten with the file
        var keys = found.ToDictionary(pair => pair.Key, pair => before.GetValueOrDefault(pair.Key) is { } old && old.Says(pair.Value) ? old : pair.Value,
            StringComparer.Ordinal);
        foreach (var key in before.Values.Concat(found.Values).Except(keys.Values))
            key.Dispose();
        Log.Changed(_logger, keys.Count);
        return keys;
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 400, Level = LogLevel.Information, Message = "{Count} keys are taken from now on")]
        public static partial void Changed(ILogger logger, int count);

        [LoggerMessage(EventId = 401, Level = LogLevel.Warning, Message = "the file of the keys was changed and is not usable, the old ones stay: {Problem}")]
        public static partial void NotUsable(ILogger logger, string problem);
    }
}

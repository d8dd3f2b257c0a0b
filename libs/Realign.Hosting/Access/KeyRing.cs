using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Realign.Core.Errors;

namespace Realign.Hosting.Access;

/// <summary>The keys that the service takes now. Their file is looked at again, at most once a second, and a change counts without a restart.</summary>
internal sealed partial class KeyRing : IDisposable
{
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private IReadOnlyDictionary<string, AccessKey> _keys;
    private DateTime _written;
    private long _lookedAt;

    /// <summary>Reads the file.</summary>
    /// <exception cref="ModelLoadException">It is not usable.</exception>
    public KeyRing(IOptions<HostingOptions> options, TimeProvider time, ILogger<KeyRing> logger)
    {
        _path = options.Value.KeyFile;
        _time = time;
        _logger = logger;
        (_written, _lookedAt) = (File.GetLastWriteTimeUtc(_path), time.GetTimestamp());
        _keys = KeyFile.Read(_path);
    }

    /// <summary>What the holder of a key may do; null = there is no such key.</summary>
    public AccessKey? Find(string key)
    {
        lock (_lock)
        {
            if (_time.GetElapsedTime(_lookedAt) >= _pause)
                LookAgain();
            // who can make a key of a given hash can make one of any: times of the search tell nothing
            return _keys.GetValueOrDefault(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key))));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var key in _keys.Values)
            key.Dispose();
    }

    private void LookAgain()
    {
        _lookedAt = _time.GetTimestamp();
        var written = File.GetLastWriteTimeUtc(_path);
        if (written == _written)
            return;
        try
        {
            var keys = KeyFile.Read(_path);
            // what a key has spent is not forgotten with the file
            var kept = keys.ToDictionary(pair => pair.Key, pair => Same(pair.Key, pair.Value), StringComparer.Ordinal);
            foreach (var key in _keys.Values.Concat(keys.Values).Except(kept.Values))
                key.Dispose();
            (_keys, _written) = (kept, written);
            Log.Changed(_logger, kept.Count);
        }
        catch (ModelLoadException exception)
        {
            // half-written, or wrong: those that are known stay, and the next look is in a second
            Log.NotUsable(_logger, exception.Message);
        }
    }

    private AccessKey Same(string hash, AccessKey key) => _keys.TryGetValue(hash, out var old) && old.Name == key.Name && old.Scopes.SetEquals(key.Scopes)
        && (old.Delegates, old.CallsPerMinute) == (key.Delegates, key.CallsPerMinute) ? old : key;

    private static partial class Log
    {
        [LoggerMessage(EventId = 400, Level = LogLevel.Information, Message = "{Count} keys are taken from now on")]
        public static partial void Changed(ILogger logger, int count);

        [LoggerMessage(EventId = 401, Level = LogLevel.Warning, Message = "the file of the keys was changed and is not usable, the old ones stay: {Problem}")]
        public static partial void NotUsable(ILogger logger, string problem);
    }
}

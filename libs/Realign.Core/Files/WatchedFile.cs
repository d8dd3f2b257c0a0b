using Realign.Core.Errors;

namespace Realign.Core.Files;

/// <summary>What a small file says, read again when the file has changed. It is looked at when it is asked for, at most once a second.</summary>
/// <typeparam name="T">What is read.</typeparam>
/// <param name="path">The file.</param>
/// <param name="read">Reads it; gets what it said before, null at first. Its <see cref="ModelLoadException"/> leaves that in place.</param>
/// <param name="time">Clock.</param>
/// <param name="notUsable">Told why what was known stays: the file is gone, half-written or wrong. The next look is in a second.</param>
public sealed class WatchedFile<T>(string path, Func<T?, T> read, TimeProvider time, Action<ModelLoadException> notUsable)
    where T : class
{
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private T? _value;
    private ModelFile? _file;
    private long? _lookedAt;

    /// <summary>What it says now; null while it could not be read yet.</summary>
    public T? Value
    {
        get
        {
            lock (_lock)
            {
                if (_lookedAt is not { } last || time.GetElapsedTime(last) >= _pause)
                    Look();
                return _value;
            }
        }
    }

    private void Look()
    {
        _lookedAt = time.GetTimestamp();
        try
        {
            var file = ModelFile.Find(path);
            if (_file?.IsSameState(file) == true)
                return;
            _value = read(_value);
            _file = file;
        }
        catch (ModelLoadException exception)
        {
            notUsable(exception);
        }
    }
}

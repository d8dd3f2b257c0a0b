using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Realign.FullSize;

/// <summary>Reading files from the disk itself rather than from memory, and what this process holds of memory.</summary>
internal static partial class PageCache
{
    private const int DontNeed = 4;
    private const int BufferBytes = 16 << 20;

    /// <summary>Asks the kernel to forget cached pages of the snapshot's weights.</summary>
    public static void Drop(string folder)
    {
        foreach (var file in Weights(folder))
        {
            using var handle = File.OpenHandle(file);
            _ = Advise(handle.DangerousGetHandle().ToInt32(), 0, 0, DontNeed);
        }
    }

    /// <summary>Bytes and seconds of reading all weights front to back.</summary>
    public static (long Bytes, double Seconds) ReadAll(string folder)
    {
        var buffer = new byte[BufferBytes];
        var watch = Stopwatch.StartNew();
        long bytes = 0;
        foreach (var file in Weights(folder))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.SequentialScan);
            int read;
            while ((read = stream.Read(buffer)) > 0)
                bytes += read;
        }

        return (bytes, watch.Elapsed.TotalSeconds);
    }

    /// <summary>A field of /proc/self/status in GiB: VmHWM = peak resident, RssAnon = resident without file pages.</summary>
    public static double StatusGiB(string field)
    {
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(field + ":", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Trim(),
            System.Globalization.CultureInfo.InvariantCulture) / (1024.0 * 1024.0);
    }

    private static IEnumerable<string> Weights(string folder) => Directory.EnumerateFiles(folder, "*.safetensors", SearchOption.AllDirectories);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(int descriptor, long offset, long length, int advice);
}

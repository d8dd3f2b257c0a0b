using System.Globalization;
using Realign.Core.Files;
using Realign.Hosting.Logs;
using Shouldly;
using Xunit;

namespace Realign.Hosting.Tests;

/// <summary>The log of a running service has an end.</summary>
public sealed class BoundedLogTests : IDisposable
{
    private const int Limit = 1000;

    private readonly string _folder = Directory.CreateTempSubdirectory("realign-log-").FullName;

    private string LogPath => Path.Combine(_folder, "tagger.log");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void FullLog_BeginsAnew_AndLosesNoLineOfTheOlderOnesThatAreKept()
    {
        using (var log = new BoundedLog(new AppendingStream(LogPath), LogPath, Limit))
            Write(log, 1000);

        var files = Enumerable.Range(1, OlderLogs.Kept).Reverse().Select(number => $"{LogPath}.{number}").Append(LogPath).ToList();
        Directory.GetFiles(_folder).ShouldBe(files, ignoreOrder: true);
        foreach (var file in files)
            new FileInfo(file).Length.ShouldBeLessThanOrEqualTo(Limit + "line 1000\n".Length);
        var lines = files.SelectMany(File.ReadLines).ToList();
        lines.ShouldBe(Enumerable.Range(1000 - lines.Count, lines.Count).Select(Line));
    }

    [Fact]
    public void FullLog_ThatCannotBeKept_HasAnEndAllTheSame()
    {
        // where the copy would go is something that cannot be replaced
        _ = Directory.CreateDirectory($"{LogPath}.1/full");
        _ = Directory.CreateDirectory($"{LogPath}.2/full");

        using (var log = new BoundedLog(new AppendingStream(LogPath), LogPath, Limit))
            Write(log, 300);

        new FileInfo(LogPath).Length.ShouldBeLessThanOrEqualTo(Limit + "line 100\n".Length);
        File.ReadLines(LogPath).Last().ShouldBe(Line(299));
    }

    private static void Write(BoundedLog log, int lines)
    {
        for (var i = 0; i < lines; i++)
            log.Write(Line(i) + "\n");
    }

    private static string Line(int number) => string.Create(CultureInfo.InvariantCulture, $"line {number}");

    /// <summary>What a shell's <c>&gt;&gt;</c> gives a process: every write goes to the end the file has now.</summary>
    private sealed class AppendingStream(string path) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Write(byte[] buffer, int offset, int count) => File.AppendAllBytes(path, buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}

using Microsoft.Win32.SafeHandles;
using Realign.Core.Errors;

namespace Realign.Core.Files;

/// <summary>
/// A file of a model. Everything that sizes, opens or reads one goes through here: links are followed (<c>huggingface_hub</c> stores every
/// file of a snapshot as a link into <c>blobs/</c>), and what is no regular file is refused before it is opened (a pipe would never answer).
/// </summary>
public sealed class ModelFile
{
    private readonly FileStatus _status;

    private ModelFile(string path, FileStatus status)
    {
        Path = path;
        _status = status;
    }

    /// <summary>The path as it was named; files beside it are looked for here, not where a link leads.</summary>
    public string Path { get; }

    /// <summary>Bytes of the file, not of a link to it.</summary>
    public long Length => _status.Length;

    /// <summary>Whether something other than a folder is at a path, even a link to nothing or a pipe: reading it then says what is wrong.</summary>
    public static bool Exists(string path) => FileStatus.Of(path).Kind switch
    {
        FileKind.Folder => false,
        FileKind.Missing => new FileInfo(path).LinkTarget is not null,
        _ => true,
    };

    /// <summary>Bytes of a regular file, links followed; 0 when there is none.</summary>
    public static long LengthOf(string path) => FileStatus.Of(path) is { Kind: FileKind.Regular } status ? status.Length : 0;

    /// <summary>Finds a regular file.</summary>
    /// <exception cref="ModelLoadException">Nothing is there, or something that is no file.</exception>
    public static ModelFile Find(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var status = FileStatus.Of(path);
        return status.Kind == FileKind.Regular ? new ModelFile(path, status) : throw NoFile(path, status.Kind);
    }

    /// <summary>Reads a small file whole.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="maxBytes">Most bytes that a file of its kind has.</param>
    /// <exception cref="ModelLoadException">It is not there, no regular file, larger, or was changed meanwhile.</exception>
    public static byte[] ReadAllBytes(string path, long maxBytes)
    {
        var file = Find(path);
        if (file.Length > maxBytes)
            throw new ModelLoadException(path, $"{file.Length} bytes are more than such a file has (at most {maxBytes})", "download it again");
        using var handle = file.Open();
        var bytes = new byte[file.Length];
        file.Read(handle, bytes, 0);
        file.RequireUnchanged(handle);
        return bytes;
    }

    /// <summary>Whether the same file was found in the same state: nobody wrote to it, or put another one in its place, between the two.</summary>
    public bool IsSameState(ModelFile other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return _status == other._status;
    }

    /// <summary>Opens the file for reading.</summary>
    /// <exception cref="ModelLoadException">It cannot be opened, or is another one than the one found.</exception>
    public SafeFileHandle Open()
    {
        SafeFileHandle handle;
        try
        {
            handle = File.OpenHandle(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            var problem = exception is UnauthorizedAccessException ? "the file may not be read by this process" : "the file cannot be opened";
            throw new ModelLoadException(Path, problem, "check its permissions and those of the folders above it", exception);
        }

        if (FileStatus.Of(handle) == _status)
            return handle;
        handle.Dispose();
        throw Changed();
    }

    /// <summary>Opens the file as a stream.</summary>
    /// <exception cref="ModelLoadException">It cannot be opened, or is another one than the one found.</exception>
    public FileStream OpenRead() => new(Open(), FileAccess.Read);

    /// <summary>Fills a buffer from a place in the file.</summary>
    /// <exception cref="ModelLoadException">The file became shorter, or the disk fails.</exception>
    public void Read(SafeFileHandle handle, Span<byte> buffer, long position)
    {
        try
        {
            while (buffer.Length > 0)
            {
                var count = RandomAccess.Read(handle, buffer, position);
                if (count == 0)
                    throw Changed();
                buffer = buffer[count..];
                position += count;
            }
        }
        catch (IOException exception)
        {
            throw new ModelLoadException(Path, "the file cannot be read to its end", "check the disk, or download it again", exception);
        }
    }

    /// <summary>To be called after the last byte was read: what was read is one state of the file.</summary>
    /// <exception cref="ModelLoadException">Somebody wrote to the file, or put another one in its place, after it was found.</exception>
    public void RequireUnchanged(SafeFileHandle handle)
    {
        if (FileStatus.Of(handle) != _status)
            throw Changed();
        RequireUnchanged();
    }

    /// <summary>The same where a native library opened and read the file.</summary>
    /// <exception cref="ModelLoadException">Somebody wrote to the file, or put another one in its place, after it was found.</exception>
    public void RequireUnchanged()
    {
        if (FileStatus.Of(Path) != _status)
            throw Changed();
    }

    private ModelLoadException Changed() =>
        new(Path, "the file was changed or replaced while it was read", "wait until the download or copy has ended, then load it again");

    private static ModelLoadException NoFile(string path, FileKind kind)
    {
        if (kind == FileKind.Missing && new FileInfo(path).LinkTarget is { } target)
        {
            return new ModelLoadException(path, $"this is a link to {target}, where nothing is",
                "download the model again: its cache was cleaned, or copied without the folder blobs/");
        }

        return kind switch
        {
            FileKind.Missing => new ModelLoadException(path, "there is no such file", "check the path"),
            FileKind.Forbidden => new ModelLoadException(path, "the file may not be read by this process", "check the permissions of the folders above it"),
            FileKind.Folder => new ModelLoadException(path, "this is a folder, a file is needed", "name the file inside it"),
            FileKind.Pipe => new ModelLoadException(path, "this is a pipe, not a file", "store the data in a file"),
            FileKind.Socket => new ModelLoadException(path, "this is a socket, not a file", "store the data in a file"),
            _ => new ModelLoadException(path, "this is a device, not a file", "store the data in a file"),
        };
    }
}

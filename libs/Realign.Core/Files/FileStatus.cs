using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Realign.Core.Files;

/// <summary>
/// What the operating system says of a file, links resolved. Two equal states mean that nobody wrote to the file or put another one in its place.
/// </summary>
/// <remarks>.NET tells neither pipes nor inodes. Layout: <c>struct statx</c> of linux/stat.h, the same on every processor.</remarks>
internal readonly partial record struct FileStatus(FileKind Kind, ulong Device, ulong Inode, long Length, long ModifiedSeconds, uint ModifiedNanoseconds)
{
    private const int CurrentFolder = -100;
    private const int EmptyPath = 0x1000;
    private const uint BasicFields = 0x7ff;
    private const int AccessDenied = 13;

    public static FileStatus Of(string path) => StatX(CurrentFolder, path, 0, BasicFields, out var status) == 0
        ? From(status)
        : new FileStatus(Marshal.GetLastPInvokeError() == AccessDenied ? FileKind.Forbidden : FileKind.Missing, 0, 0, 0, 0, 0);

    /// <summary>The same of an open file, whatever its path names now.</summary>
    public static FileStatus Of(SafeFileHandle handle) =>
        StatXOpen(handle, "", EmptyPath, BasicFields, out var status) == 0 ? From(status) : default;

    private static FileStatus From(in StatXBuffer status) => new(
        (status.Mode & 0xf000) switch
        {
            0x8000 => FileKind.Regular,
            0x4000 => FileKind.Folder,
            0x1000 => FileKind.Pipe,
            0xc000 => FileKind.Socket,
            _ => FileKind.Device,
        },
        ((ulong)status.DeviceMajor << 32) | status.DeviceMinor, status.Inode, (long)status.Size, status.ModifiedSeconds, status.ModifiedNanoseconds);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int folder, string path, int flags, uint fields, out StatXBuffer status);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatXOpen(SafeFileHandle file, string path, int flags, uint fields, out StatXBuffer status);

    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private readonly struct StatXBuffer
    {
        [FieldOffset(28)]
        public readonly ushort Mode;

        [FieldOffset(32)]
        public readonly ulong Inode;

        [FieldOffset(40)]
        public readonly ulong Size;

        [FieldOffset(112)]
        public readonly long ModifiedSeconds;

        [FieldOffset(120)]
        public readonly uint ModifiedNanoseconds;

        [FieldOffset(136)]
        public readonly uint DeviceMajor;

        [FieldOffset(140)]
        public readonly uint DeviceMinor;
    }
}

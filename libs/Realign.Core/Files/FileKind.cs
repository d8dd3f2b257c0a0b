namespace Realign.Core.Files;

/// <summary>What lies at a path, links resolved.</summary>
internal enum FileKind
{
    Missing,
    Forbidden,
    Regular,
    Folder,
    Pipe,
    Socket,
    Device,
}

using System;
using System.IO;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Copies a 64-bit little-endian ELF file and sets VER_FLG_WEAK on one required symbol version (section .gnu.version_r),
/// so that a loader whose library lacks that version goes on instead of refusing the file.
/// </summary>
public sealed class WeakenVersionRequirement : Task
{
    private const uint SectionTypeVersionNeeds = 0x6ffffffe;
    private const ushort WeakFlag = 2;

    [Required]
    public string Source { get; set; } = "";

    [Required]
    public string Destination { get; set; } = "";

    [Required]
    public string Version { get; set; } = "";

    public override bool Execute()
    {
        var file = File.ReadAllBytes(Source);
        if (!Weaken(file))
        {
            Log.LogMessage(MessageImportance.High, Source + " no longer asks for " + Version + ": native/torch-shim can be deleted");
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Destination));
        var temporary = Destination + "." + Guid.NewGuid().ToString("N");
        File.WriteAllBytes(temporary, file);
        if (File.Exists(Destination))
        {
            File.Delete(Destination);
        }

        File.Move(temporary, Destination);
        return true;
    }

    private bool Weaken(byte[] file)
    {
        var sections = (int)BitConverter.ToInt64(file, 40);
        int entrySize = BitConverter.ToUInt16(file, 58);
        int count = BitConverter.ToUInt16(file, 60);
        var found = false;
        for (var i = 0; i < count; i++)
        {
            var section = sections + (i * entrySize);
            if (BitConverter.ToUInt32(file, section + 4) == SectionTypeVersionNeeds)
            {
                var strings = sections + ((int)BitConverter.ToUInt32(file, section + 40) * entrySize);
                found |= WeakenSection(file, (int)BitConverter.ToInt64(file, section + 24), (int)BitConverter.ToInt64(file, strings + 24));
            }
        }

        return found;
    }

    private bool WeakenSection(byte[] file, int need, int strings)
    {
        var found = false;
        while (true)
        {
            var auxiliary = need + (int)BitConverter.ToUInt32(file, need + 8);
            for (var left = BitConverter.ToUInt16(file, need + 2); left > 0; left--)
            {
                var name = strings + (int)BitConverter.ToUInt32(file, auxiliary + 8);
                var end = Array.IndexOf(file, (byte)0, name);
                if (Encoding.ASCII.GetString(file, name, end - name) == Version)
                {
                    file[auxiliary + 4] |= (byte)WeakFlag;
                    found = true;
                }

                auxiliary += (int)BitConverter.ToUInt32(file, auxiliary + 12);
            }

            var next = (int)BitConverter.ToUInt32(file, need + 12);
            if (next == 0)
            {
                return found;
            }

            need += next;
        }
    }
}

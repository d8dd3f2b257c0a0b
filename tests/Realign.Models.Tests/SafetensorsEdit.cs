using Realign.Safetensors;

namespace Realign.Models.Tests;

/// <summary>Writes a safetensors file again with some of its tensors changed.</summary>
internal static class SafetensorsEdit
{
    public delegate (string Name, SafetensorsDType DType, IReadOnlyList<long> Shape, ReadOnlyMemory<byte> Data)? Change(SafetensorsEntry entry, byte[] data);

    public static void Rewrite(string path, Change change)
    {
        List<(string, SafetensorsDType, IReadOnlyList<long>, ReadOnlyMemory<byte>)> tensors = [];
        using (var file = SafetensorsFile.Open(path))
        {
            foreach (var entry in file.Entries.Values)
            {
                if (change(entry, file.Bytes(entry.Name).ToArray()) is { } kept)
                    tensors.Add(kept);
            }
        }

        SafetensorsWriter.Write(path, tensors);
    }
}
